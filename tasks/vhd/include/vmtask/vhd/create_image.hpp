// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>

#include <cstdint>
#include <optional>

namespace vmtask::vhd {

struct create_options {
    /// What the guest sees: whole sectors, up to largest_size_bytes.
    std::uint64_t size_bytes = 0;

    /// A power of two, from a sector up; products are only known to have been
    /// tested with 512 KiB and 2 MiB.
    std::uint32_t block_size_bytes = 2U << 20;

    /// The disk's identity; a random one unless given.
    std::optional<uuid> id{};

    /// Seconds since 2000-01-01 UTC; now unless given.
    std::optional<std::uint32_t> timestamp{};
};

struct create_report {
    std::uint64_t virtual_size = 0; // bytes, exactly as asked
    std::uint64_t file_size = 0;    // bytes
};

/// Writes an empty dynamic disk into an empty store and flushes it.
///
/// The virtual size is understood alike by all: the specification and libvhdi
/// take it from the footer's sizes, and so does QEMU, because the creator is
/// given as "win "; for most creators it would take the geometry's.
///
/// Errors, before the first write: invalid_size, invalid_block_size,
/// table_too_large (more than largest_table blocks).
create_report create_image(byte_store& store, const create_options& options);

} // namespace vmtask::vhd
