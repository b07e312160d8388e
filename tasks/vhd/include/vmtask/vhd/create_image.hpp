// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/parent_reference.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>
#include <optional>

namespace vmtask::vhd {

struct create_options {
    /// What the guest sees: whole sectors, up to largest_size_bytes.
    std::uint64_t size_bytes = 0;

    /// Fixed or dynamic; one that is given a parent is differencing.
    disk_type type = disk_type::dynamic;

    /// Fixed: leave a hole instead of taking all the space that the disk needs.
    /// Windows refuses such a file.
    bool sparse = false;

    /// Dynamic: a power of two, from a sector up; products are only known to have been
    /// tested with 512 KiB and 2 MiB.
    std::uint32_t block_size_bytes = 2U << 20;

    /// The disk's identity; a random one unless given.
    std::optional<uuid> id{};

    /// Seconds since 2000-01-01 UTC; now unless given.
    std::optional<std::uint32_t> timestamp{};

    /// Makes the disk a differencing one, which shows this parent until it is
    /// written to. Of each kind of path the first one is noted.
    std::optional<parent_reference> parent{};
};

struct create_report {
    std::uint64_t virtual_size = 0; // bytes, exactly as asked
    std::uint64_t file_size = 0;    // bytes
    vhd::geometry geometry;         // of which a guest with an ATA bus thinks it is the size
};

/// Writes an empty disk into an empty store and flushes it.
///
/// The virtual size is understood alike by all: the specification and libvhdi
/// take it from the footer's sizes, and so does QEMU, because the creator is
/// given as "win "; for most creators it would take the geometry's. The geometry
/// describes the whole disk only where a multiple of its cylinders does, and
/// never more than 127.5 GiB.
///
/// Cancellation: at monitor.checkpoint(), at any time; there is no point of no
/// return. What remains is no image.
///
/// Errors, before the first write: invalid_size, invalid_block_size,
/// table_too_large (more than largest_table blocks), unsupported_type,
/// unusable_parent_name.
create_report create_image(byte_store& store, const create_options& options, work_monitor& monitor);

/// The same with nobody watching.
create_report create_image(byte_store& store, const create_options& options);

} // namespace vmtask::vhd
