// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/geometry.hpp>
#include <vmtask/vhd/zero.hpp>

#include "core/big_endian.hpp"
#include "core/examination.hpp"
#include "core/new_image.hpp"
#include "core/qemu_size.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vmtask::vhd::detail {

namespace {

bool has_old_footer(byte_store& store, std::uint64_t size)
{
    std::array<std::byte, 8> cookie{};
    store.read(size - (sector_size - 1), cookie);
    return get_text<8>(cookie, 0) == std::array{'c', 'o', 'n', 'e', 'c', 't', 'i', 'x'};
}

/// Whether all but the checksum of a fixed disk's footer speaks for itself.
bool is_plainly_fixed(const examination& of)
{
    const disk_footer footer = decode_footer(of.trailing);
    return footer.type == disk_type::fixed && footer.version == 0x0001'0000 && footer.data_offset == ~0ULL
        && footer.current_size != 0 && footer.current_size == of.disk.file_size - sector_size
        && footer.current_size % sector_size == 0 && (footer.features & ~1U) == 2U && footer.saved_state <= 1
        && footer.geometry == geometry_for(footer.current_size / sector_size)
        && is_zero(std::span(of.trailing).subspan(85));
}

/// A footer that only lacks the right checksum may still tell what the disk is.
bool take_damaged_footer(examination& of)
{
    const disk_footer footer = decode_footer(of.trailing);
    const bool has_table = footer.type == disk_type::dynamic || footer.type == disk_type::differencing;
    if (of.trailing_state != errc::bad_footer_checksum) return false;
    const bool is_mendable =
        is_plainly_fixed(of) || (has_table && of.leading == of.trailing && of.disk.file_size > sector_size);
    of.add(defect::footer_damaged, severity::error, is_mendable, of.disk.file_size - sector_size);
    if (has_table) of.add(defect::footer_copy_damaged, severity::error, is_mendable, 0);
    of.disk.footer_bytes = of.trailing;
    of.disk.footer = footer;
    of.disk.trailing_footer_valid = true;
    return footer.type == disk_type::fixed || has_table;
}

bool choose_footer(examination& of)
{
    of.leading_state = check_footer(of.leading);
    of.trailing_state = check_footer(of.trailing);
    of.disk.leading_footer_valid =
        !of.leading_state && of.disk.file_size > sector_size && decode_footer(of.leading).type != disk_type::fixed;
    of.disk.trailing_footer_valid = !of.trailing_state;
    if (of.disk.trailing_footer_valid || of.disk.leading_footer_valid) {
        of.disk.footer_bytes = of.disk.trailing_footer_valid ? of.trailing : of.leading;
        of.disk.footer = decode_footer(of.disk.footer_bytes);
        return true;
    }
    if (of.trailing_state == errc::unsupported_version || of.leading_state == errc::unsupported_version) {
        of.add(defect::unsupported_version, severity::error, false, of.disk.file_size - sector_size);
        return false;
    }
    if (take_damaged_footer(of)) return true;
    if (!of.report.findings.empty()) return false;
    const bool is_old = has_old_footer(of.store, of.disk.file_size);
    of.add(is_old ? defect::old_footer : defect::not_a_vhd, severity::error, false, of.disk.file_size - sector_size);
    return false;
}

/// Of a disk with a table there should be two, and equal.
void compare_footers(examination& of)
{
    if (of.has(defect::footer_damaged)) return;
    if (of.disk.footer.type == disk_type::fixed) {
        of.disk.leading_footer_valid = false;
        return;
    }
    if (of.disk.file_size == sector_size) return;
    const std::uint64_t end = of.disk.file_size - sector_size;
    if (of.trailing_state == errc::bad_footer_checksum) of.add(defect::footer_damaged, severity::error, true, end);
    else if (of.trailing_state) of.add(defect::footer_missing, severity::error, true, end);
    if (of.leading_state == errc::bad_footer_checksum) of.add(defect::footer_copy_damaged, severity::error, true, 0);
    else if (!of.disk.leading_footer_valid) of.add(defect::footer_copy_missing, severity::error, true, 0);
    if (of.disk.leading_footer_valid && of.disk.trailing_footer_valid && of.leading != of.trailing)
        of.add(defect::footer_copy_differs, severity::warning, true, 0);
}

std::string bytes_text(std::uint64_t bytes)
{
    return std::to_string(bytes) + " bytes";
}

bool examine_size(examination& of)
{
    const std::uint64_t size = of.disk.footer.current_size;
    bool is_bad = size == 0 || size % sector_size != 0;
    if (of.disk.footer.type == disk_type::fixed) {
        const std::uint64_t room = of.disk.file_size - sector_size;
        is_bad |= size > room;
        if (size < room)
            of.add(defect::longer_than_disk, severity::warning, false, size, bytes_text(room - size) + " of it");
    }
    if (is_bad) of.add(defect::bad_size, severity::error, false, 0, bytes_text(size));
    else if (size > largest_size_bytes && of.disk.footer.type != disk_type::fixed)
        of.add(defect::bad_size, severity::warning, false, 0, bytes_text(size) + ", more than 2040 GiB");
    return !is_bad;
}

void examine_geometry(examination& of)
{
    const disk_footer& footer = of.disk.footer;
    const std::uint64_t described = footer.geometry.sectors() * sector_size;
    const bool is_calculated = footer.geometry == geometry_for(footer.current_size / sector_size);
    const bool is_largest = footer.geometry.sectors() == largest_geometry.sectors();
    // QEMU gives the largest to say that the geometry does not count.
    if (!is_calculated && !is_largest && (described == 0 || described > footer.current_size))
        of.add(defect::bad_geometry, severity::warning, true, 0, bytes_text(described));
    else if (!is_calculated) of.add(defect::other_geometry, severity::note, false, 0, bytes_text(described));
    if (!does_qemu_trust(footer.creator_application) && !is_largest && described != footer.current_size)
        of.add(defect::other_size_for_qemu, severity::warning, false, 0, bytes_text(described));
    if (footer.original_size != footer.current_size)
        of.add(defect::other_original_size, severity::warning, false, 0, bytes_text(footer.original_size));
}

void examine_other_fields(examination& of)
{
    const disk_footer& footer = of.disk.footer;
    if ((footer.features & 2U) == 0 || (footer.features & ~3U) != 0)
        of.add(defect::bad_features, severity::warning, false, 0, std::to_string(footer.features));
    if ((footer.features & 1U) != 0) of.add(defect::temporary, severity::note, false, 0);
    if (footer.type == disk_type::fixed && footer.data_offset != ~0ULL)
        of.add(defect::bad_data_offset, severity::warning, false, 0, std::to_string(footer.data_offset));
    if (footer.saved_state > 1) of.add(defect::bad_saved_state, severity::warning, false, 0);
    if (footer.saved_state == 1) of.add(defect::saved_state, severity::note, false, 0);
    if (!is_zero(std::span(of.disk.footer_bytes).subspan(85)))
        of.add(defect::footer_reserved_used, severity::note, false, 0);
    constexpr std::uint32_t day = 86400; // clocks differ
    if (footer.timestamp > seconds_since_2000() + day) of.add(defect::created_in_future, severity::note, false, 0);
}

} // namespace

bool examine_footers(examination& of)
{
    of.disk.file_size = of.report.file_size = of.store.size();
    if (of.disk.file_size < sector_size) {
        of.add(defect::not_a_vhd, severity::error, false, 0, bytes_text(of.disk.file_size));
        return false;
    }
    of.store.read(0, of.leading);
    of.store.read(of.disk.file_size - sector_size, of.trailing);
    if (!choose_footer(of)) return false;
    of.report.type = of.disk.footer.type;
    of.report.virtual_size = of.disk.footer.current_size;
    compare_footers(of);
    const disk_type type = of.disk.footer.type;
    if (type != disk_type::fixed && type != disk_type::dynamic && type != disk_type::differencing) {
        of.add(defect::unsupported_type, severity::error, false, 0, std::to_string(static_cast<std::uint32_t>(type)));
        return false;
    }
    examine_other_fields(of);
    if (!examine_size(of)) return false;
    examine_geometry(of);
    return type != disk_type::fixed;
}

} // namespace vmtask::vhd::detail
