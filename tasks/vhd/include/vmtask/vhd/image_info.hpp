// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/geometry.hpp>
#include <vmtask/vhd/layout.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmtask::vhd {

/// Which of its two footers an image was opened by.
enum class footer_source {
    end,
    copy_at_start, // the one at the end is damaged
};

/// What there is to know about an image without reading its data.
struct image_info {
    disk_type type = disk_type::none;
    std::uint64_t virtual_size = 0;      // bytes
    std::uint64_t original_size = 0;     // bytes, when it was created
    std::uint64_t file_size = 0;         // bytes
    std::uint64_t allocated_on_host = 0; // bytes of the file that are no hole; 0 where unknown
    std::uint32_t block_size = 0;        // bytes; 0 for a fixed disk
    std::uint32_t blocks = 0;            // that the disk has
    std::uint32_t blocks_allocated = 0;  // that have a place in the file
    std::string creator;                 // as in "qemu", without the padding
    std::uint16_t creator_major = 0;
    std::uint16_t creator_minor = 0;
    std::string creator_host_os; // as in "Wi2k"
    uuid id{};
    vhd::geometry geometry;
    std::uint64_t size_for_ata = 0;     // bytes that a guest with an ATA bus goes by: the geometry's
    std::uint64_t size_for_qemu = 0;    // bytes; most creators make QEMU go by the geometry, too (QEMU 10: fewer)
    std::uint64_t size_for_libvhdi = 0; // bytes; it goes by the original size
    std::chrono::system_clock::time_point created_at;
    bool saved_state = false;
    footer_source footer = footer_source::end;
};

/// "fixed", "dynamic", "differencing", "none".
[[nodiscard]] std::string_view to_string(disk_type type) noexcept;

/// "end", "copy at the start".
[[nodiscard]] std::string_view to_string(footer_source source) noexcept;

/// What the layout of an image says of it.
[[nodiscard]] image_info describe(const layout& disk);

} // namespace vmtask::vhd
