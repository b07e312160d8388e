// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/parent_reference.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>
#include <string>

namespace vmtask::vhd {

struct set_parent_report {
    parent_reference before;        // what the disk said of its parent
    parent_reference after;         // what it says now
    std::uint64_t file_size = 0;    // bytes
    std::uint64_t blocks_moved = 0; // to make room for longer paths

    // Of set_file_parent():
    std::string parent;                // where it is
    bool parent_seems_changed = false; // the same parent, since the disk noted its time; see chain_link
    std::string missing_beneath;       // why the parent's own chain is not whole; empty if it is
};

/// Makes a differencing disk name another parent, or the same one elsewhere, in
/// place. Of each kind of path the first one is noted; all older ones go.
///
/// Every moment of this is a valid image that names the old parent or the new
/// one, however the power goes; running it again finishes the work. What the disk
/// holds itself does not change. A disk that says the same already stays as it is.
///
/// Whether there is such a parent is not looked at; see set_file_parent(). Where
/// the new paths take more room than there is before the first block, a block
/// moves behind the others.
///
/// Progress is in bytes of moved blocks, if there are any. Cancellation: at
/// monitor.checkpoint(); not any more once it begins to write.
///
/// Errors, before the first write: read_layout()'s, not_differencing,
/// foreign_block_map, unusable_parent_name, saved_state (and the parent has
/// another id than the one that the disk names). Later: disk_too_full.
set_parent_report set_image_parent(byte_store& store, work_monitor& monitor, const parent_reference& parent);

} // namespace vmtask::vhd
