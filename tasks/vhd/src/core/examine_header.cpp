// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/zero.hpp>

#include "core/big_endian.hpp"
#include "core/examination.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace vmtask::vhd::detail {

namespace {

constexpr bool fits(std::uint64_t offset, std::uint64_t length, std::uint64_t limit) noexcept
{
    return offset <= limit && length <= limit - offset;
}

/// Whether all but the checksum speaks for itself, as far as the header can tell.
bool is_plainly_right(const examination& of)
{
    const dynamic_header& header = of.disk.header;
    return of.disk.footer.type == disk_type::dynamic && header.data_offset == ~0ULL && header.version == 0x0001'0000
        && is_block_size(header.block_size)
        && (of.disk.footer.current_size - 1) / header.block_size + 1 == header.max_table_entries
        && is_zero(std::span(of.header_bytes).subspan(40));
}

bool read_header(examination& of)
{
    const std::uint64_t offset = of.disk.footer.data_offset;
    if (offset < sector_size || offset % sector_size != 0 || !fits(offset, dynamic_header_size, of.end_of_space())) {
        of.add(defect::bad_header_place, severity::error, false, offset, "byte " + std::to_string(offset));
        return false;
    }
    of.store.read(offset, of.header_bytes);
    of.disk.header = decode_header(of.header_bytes);
    const std::error_code state = check_header(of.header_bytes);
    if (state == errc::bad_header) of.add(defect::header_missing, severity::error, false, offset);
    else if (state == errc::unsupported_version)
        of.add(defect::unsupported_header_version, severity::error, false, offset);
    else if (state) of.add(defect::header_damaged, severity::error, is_plainly_right(of), offset);
    return !state || state == errc::bad_header_checksum;
}

void examine_other_fields(examination& of)
{
    const std::uint64_t offset = of.disk.footer.data_offset;
    const std::span bytes(of.header_bytes);
    if (of.disk.header.data_offset != ~0ULL) of.add(defect::bad_header_data_offset, severity::warning, false, offset);
    if (!is_zero(bytes.subspan(60, 4)) || !is_zero(bytes.subspan(768)))
        of.add(defect::header_reserved_used, severity::note, false, offset);
    const std::uint32_t block_size = of.disk.header.block_size;
    if (is_block_size(block_size) && block_size != 512U << 10 && block_size != 2U << 20)
        of.add(defect::unusual_block_size, severity::note, false, offset, std::to_string(block_size) + " bytes");
}

bool examine_table_place(examination& of)
{
    const dynamic_header& header = of.disk.header;
    const std::uint64_t length = std::uint64_t{header.max_table_entries} * sizeof(std::uint32_t);
    const std::string detail =
        std::to_string(header.max_table_entries) + " entries at byte " + std::to_string(header.table_offset);
    if (!is_block_size(header.block_size)) {
        of.add(defect::bad_block_size, severity::error, false, of.disk.footer.data_offset,
               std::to_string(header.block_size) + " bytes");
        return false;
    }
    if ((of.disk.footer.current_size - 1) / header.block_size >= header.max_table_entries)
        of.add(defect::table_too_short, severity::error, false, header.table_offset, detail);
    if (header.max_table_entries > largest_table)
        of.add(defect::table_too_long, severity::error, false, header.table_offset, detail);
    if (header.table_offset % sector_size != 0 || !fits(header.table_offset, length, of.end_of_space())) {
        of.add(defect::table_out_of_range, severity::error, false, header.table_offset, detail);
        return false;
    }
    return header.max_table_entries <= largest_table;
}

} // namespace

bool examine_header(examination& of)
{
    if (!read_header(of)) return false;
    of.is_header_known = true;
    examine_other_fields(of);
    return examine_table_place(of);
}

} // namespace vmtask::vhd::detail
