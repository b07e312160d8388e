// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/geometry.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>

namespace vmtask::vhd {

struct resize_options {
    /// What the guest is to see: whole sectors, up to largest_size_bytes, and not
    /// less than it sees now.
    std::uint64_t size_bytes = 0;

    /// Fixed: leave a hole instead of taking the space that is added.
    bool sparse = false;
};

struct resize_report {
    std::uint64_t virtual_size_before = 0; // bytes
    std::uint64_t virtual_size_after = 0;  // bytes
    std::uint64_t file_size = 0;           // bytes
    std::uint64_t blocks_moved = 0;        // to make room for the table
    vhd::geometry geometry;                // of which a guest with an ATA bus thinks it is the size
};

/// Makes a fixed or dynamic disk larger, in place; what is added reads as zeros.
///
/// Every moment of this is a valid image of the old or the new size with the
/// same data, however the power goes; running it again finishes the work. The
/// new size is understood alike by all: the size at creation, by which libvhdi
/// goes, becomes the new one too, and a creator that makes QEMU go by the
/// geometry is replaced by one that does not; see create_image(). A disk that
/// has this size already stays as it is.
///
/// Progress is in bytes of moved blocks or of zeros written, where there are
/// any. Cancellation: at monitor.checkpoint(); the disk is the old one then.
///
/// Errors, before the first write: read_layout()'s, differencing_disk,
/// saved_state, foreign_block_map, invalid_size, cannot_shrink, table_too_large,
/// metadata_overlaps (something is in the table's way), bad_size (a fixed disk's
/// file is not of whole sectors).
resize_report resize_image(byte_store& store, work_monitor& monitor, const resize_options& options);

} // namespace vmtask::vhd
