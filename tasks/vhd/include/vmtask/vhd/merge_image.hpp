// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/image_reader.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>
#include <string>

namespace vmtask::vhd {

struct merge_report {
    std::string parent{};                      // its file
    std::uint64_t blocks_merged = 0;           // of the child, that had data of their own
    std::uint64_t bytes_read = 0;              // of the guest's data, from the child
    std::uint64_t bytes_written = 0;           // of the guest's data; zeros that showed anyway are not written
    std::uint64_t parent_file_size_before = 0; // bytes
    std::uint64_t parent_file_size_after = 0;  // bytes
    bool child_removed = false;                // by merge()
    bool parent_seems_changed = false;         // of the chain that merge() has opened; see chain_link
};

/// Writes what a differencing disk has of its own into its parent, which then
/// shows all that the child does.
///
/// The child is not written to, and shows the same at every moment, however the
/// power goes: what the parent gets is what the child hides of it. So after a
/// kill, an error or a cancel it can go on being used, and running this again
/// finishes the work. What was done is durable when it returns.
///
/// All other children of the parent become wrong. A parent that is longer than
/// the child keeps what lies beyond it.
///
/// Precondition: `parent` is the child's, and the two have been opened to see
/// the same; nobody else has them open.
///
/// Cancellation: at monitor.checkpoint(), between blocks of the child.
///
/// Errors, before the first write: parent_too_small, saved_state (of either),
/// foreign_block_map (of the parent).
merge_report merge_image(image_reader& child, image& parent, work_monitor& monitor);

} // namespace vmtask::vhd
