// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/image_info.hpp>

#include "core/qemu_size.hpp"

#include <algorithm>
#include <span>

namespace vmtask::vhd {

namespace {

/// Without the padding, and nothing in it that could upset a terminal.
std::string readable(std::span<const char> text)
{
    std::string result(text.begin(), text.end());
    while (!result.empty() && (result.back() == ' ' || result.back() == '\0')) result.pop_back();
    std::ranges::replace_if(
        result, [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

/// QEMU's rule: it takes the footer's size of those creators alone that are known
/// to mean it, and where the geometry is at its end.
std::uint64_t size_for_qemu(const disk_footer& footer)
{
    const std::uint64_t sectors = footer.geometry.sectors();
    return detail::does_qemu_trust(footer.creator_application) || sectors == largest_geometry.sectors()
        ? footer.current_size
        : sectors * sector_size;
}

} // namespace

std::string_view to_string(disk_type type) noexcept
{
    switch (type) {
    case disk_type::fixed: return "fixed";
    case disk_type::dynamic: return "dynamic";
    case disk_type::differencing: return "differencing";
    case disk_type::none: break;
    }
    return "none";
}

std::string_view to_string(footer_source source) noexcept
{
    return source == footer_source::end ? "end" : "copy at the start";
}

image_info describe(const layout& disk)
{
    using namespace std::chrono;
    const disk_footer& footer = disk.footer;
    image_info info;
    info.type = footer.type;
    info.virtual_size = footer.current_size;
    info.original_size = footer.original_size;
    info.file_size = disk.file_size;
    info.block_size = disk.header.block_size;
    if (info.block_size != 0) info.blocks = static_cast<std::uint32_t>((info.virtual_size - 1) / info.block_size + 1);
    info.blocks_allocated = disk.allocated_blocks();
    info.creator = readable(footer.creator_application);
    info.creator_major = static_cast<std::uint16_t>(footer.creator_version >> 16);
    info.creator_minor = static_cast<std::uint16_t>(footer.creator_version & 0xFFFF);
    info.creator_host_os = readable(footer.creator_host_os);
    info.id = footer.id;
    info.geometry = footer.geometry;
    info.size_for_ata = footer.geometry.sectors() * sector_size;
    info.size_for_qemu = size_for_qemu(footer);
    info.size_for_libvhdi = footer.original_size;
    info.created_at = sys_days{2000y / January / 1} + seconds(footer.timestamp);
    info.saved_state = footer.saved_state != 0;
    info.footer = disk.trailing_footer_valid ? footer_source::end : footer_source::copy_at_start;
    return info;
}

} // namespace vmtask::vhd
