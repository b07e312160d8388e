// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>

namespace vmtask::vhd {

struct compact_options {
    /// How much is copied between two flushes; a block at least.
    std::uint64_t batch_bytes = std::uint64_t{64} << 20;

    /// Also gives zeroed pages inside the blocks that stay back to the host's file
    /// system, where it can do that. Windows refuses such files.
    bool punch_holes = false;
};

struct compact_report {
    std::uint64_t blocks_scanned = 0;   // all that had a place in the file
    std::uint64_t blocks_freed = 0;     // of these, the ones without data
    std::uint64_t blocks_moved = 0;     // of these, the ones that got another place
    std::uint64_t file_size_before = 0; // bytes
    std::uint64_t file_size_after = 0;  // bytes
    std::uint64_t bytes_read = 0;       // of blocks; holes are not read
    std::uint64_t bytes_written = 0;    // of blocks, table and footer
    std::uint64_t bytes_punched = 0;    // that were given back inside of blocks
    bool parent_seems_changed = false;  // of a chain that compact() has opened; see chain_link
};

/// Makes the file of a dynamic or differencing disk as short as its data allows,
/// in place.
///
/// Blocks in which the guest sees only zeros, or of a differencing disk only what
/// its parent shows there, lose their place, blocks from the
/// end of the file move into the places that are free, the file is cut. Every
/// moment of this is a valid image with the same data, however the power goes:
/// after a kill, an error or a cancel, running it again finishes the work. An
/// image that is compact already is not written to. What was done is durable
/// when it returns.
///
/// Blocks move whole, and only into places that lie wholly before them; where
/// they all share an alignment to 4 KiB they keep it. So gaps shorter than a
/// block remain. Space that belongs to no block counts as free, as does what
/// lies behind the last block.
///
/// Cancellation: at monitor.checkpoint(), between blocks; not any more once the
/// file is about to be cut.
///
/// Errors, before the first write: read_layout()'s, fixed_disk, differencing_disk
/// (and no parent was given), saved_state, foreign_block_map. The parent's.
compact_report compact_image(byte_store& store, work_monitor& monitor, const compact_options& options = {},
                             guest_reader* parent = nullptr);

} // namespace vmtask::vhd
