// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/resize_image.hpp>

#include "core/big_endian.hpp"
#include "core/fail.hpp"
#include "core/foreign_block_map.hpp"
#include "core/new_image.hpp"
#include "core/qemu_size.hpp"
#include "core/resize_steps.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

namespace vmtask::vhd {

namespace {

using detail::fail;

layout open_suitable(byte_store& store, const resize_options& options)
{
    layout disk = read_layout(store);
    if (disk.footer.type == disk_type::differencing) fail(store, errc::differencing_disk);
    if (disk.footer.saved_state != 0) fail(store, errc::saved_state);
    detail::check_new_size(store, options.size_bytes);
    if (options.size_bytes < disk.footer.current_size)
        fail(store, errc::cannot_shrink, "it is " + std::to_string(disk.footer.current_size) + " bytes long");
    if (disk.footer.type == disk_type::fixed) {
        if (disk.file_size % sector_size != 0)
            fail(store, errc::bad_size, "the file is " + std::to_string(disk.file_size) + " bytes long");
        return disk;
    }
    if (detail::has_foreign_block_map(store, disk)) fail(store, errc::foreign_block_map);
    detail::check_new_blocks(store, options.size_bytes, disk.header.block_size);
    return disk;
}

/// The footer with another size, and all else, known or not, as it was.
sector resized(const layout& disk, std::uint64_t size)
{
    constexpr std::size_t checksum_field = 64;
    sector bytes = disk.footer_bytes;
    const geometry shape = geometry_for(size / sector_size);
    detail::put(bytes, 40, size);
    detail::put(bytes, 48, size);
    detail::put(bytes, 56, shape.cylinders);
    detail::put(bytes, 58, shape.heads);
    detail::put(bytes, 59, shape.sectors_per_track);
    if (!detail::does_qemu_trust(disk.footer.creator_application)) {
        const disk_footer ours = detail::make_new_footer(size, disk.footer.type, disk.footer.id, 0);
        detail::put_text(bytes, 28, ours.creator_application);
        detail::put(bytes, 32, ours.creator_version);
    }
    detail::put(bytes, checksum_field, checksum(bytes, checksum_field));
    return bytes;
}

/// Killed between its two footers, a resize has this left to do.
void finish_resize(byte_store& store, const layout& disk)
{
    if (disk.footer.type == disk_type::fixed || !disk.trailing_footer_valid) return;
    sector leading{};
    store.read(0, leading);
    if (leading == disk.footer_bytes) return;
    store.flush();
    store.write(0, disk.footer_bytes);
    store.flush();
}

} // namespace

void detail::clear(byte_store& store, std::uint64_t offset, std::uint64_t end)
{
    static constexpr std::array<std::byte, 65536> zeros{};
    for (std::uint64_t at = offset; at < end && (at = std::min(store.next_data(at), end)) < end;) {
        const auto length = std::min<std::uint64_t>(zeros.size(), end - at);
        store.write(at, std::span(zeros).first(length));
        at += length;
    }
}

resize_report resize_image(byte_store& store, work_monitor& monitor, const resize_options& options)
{
    monitor.step("checking the image");
    layout disk = open_suitable(store, options);
    resize_report report;
    report.virtual_size_before = disk.footer.current_size;
    report.virtual_size_after = options.size_bytes;
    if (options.size_bytes == disk.footer.current_size) {
        finish_resize(store, disk);
        report.geometry = disk.footer.geometry;
    } else {
        const sector footer = resized(disk, options.size_bytes);
        if (disk.footer.type == disk_type::fixed) detail::grow_fixed(store, monitor, options, disk, footer);
        else report.blocks_moved = detail::grow_dynamic(store, monitor, options.size_bytes, std::move(disk), footer);
        report.geometry = decode_footer(footer).geometry;
    }
    report.file_size = store.size();
    return report;
}

} // namespace vmtask::vhd
