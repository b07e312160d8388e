// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>
#include <optional>

namespace vmtask::vhd {

/// What a disk's file is to be.
enum class image_format {
    raw,     // the guest's bytes and nothing else
    fixed,   // the same and a footer
    dynamic, // blocks that have a place only where there is data
};

struct write_options {
    image_format format = image_format::dynamic;

    /// Raw and fixed: leave holes where there are zeros, instead of taking all
    /// the space that the disk may come to need.
    bool sparse = false;

    /// Dynamic: a power of two, from a sector up.
    std::uint32_t block_size_bytes = 2U << 20;

    /// The disk's identity; a random one unless given.
    std::optional<uuid> id{};

    /// Seconds since 2000-01-01 UTC; now unless given.
    std::optional<std::uint32_t> timestamp{};
};

struct write_report {
    std::uint64_t virtual_size = 0;     // bytes
    std::uint64_t file_size = 0;        // bytes
    std::uint64_t bytes_read = 0;       // of the guest's data; what is known to be zeros is not read
    std::uint64_t bytes_written = 0;    // of the guest's data
    std::uint64_t blocks_allocated = 0; // dynamic
    vhd::geometry geometry;             // what a guest with an ATA bus goes by; zero for raw
    bool parent_seems_changed = false;  // of the chain that merge_into() has read; see chain_link
};

/// Writes what a guest reads as a new image into an empty store, and flushes it.
///
/// Blocks without data get no place, and zeros are not written where the store
/// has them of itself. The virtual size is the guest's, and is understood alike
/// by the specification, libvhdi and QEMU; see create_image(). Until the last
/// flush the store holds no valid image, so that a part of one is never taken
/// for the whole; only a raw one cannot be told from its part.
///
/// The guest is read by a thread of its own, up to 8 MiB ahead of what is written;
/// until this returns nobody else may use it, and it may share nothing with the
/// store. Progress is in bytes of the guest. Cancellation: at monitor.checkpoint(), at
/// any time; there is no point of no return. What remains is no image.
///
/// Errors, before the first write: invalid_size, invalid_block_size,
/// table_too_large,
/// unsupported_type for a format that there is not. Others: the guest's and the store's.
write_report write_image(byte_store& store, guest_reader& guest, const write_options& options, work_monitor& monitor);

} // namespace vmtask::vhd
