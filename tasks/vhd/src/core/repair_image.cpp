// SPDX-License-Identifier: BSL-1.0

// Each round examines the image anew, mends one thing, and flushes. What it
// writes is one sector, or one after the other where each alone leaves a disk
// that the next run goes on with. Footers come first, so that all else has both.

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/geometry.hpp>

#include "core/big_endian.hpp"
#include "core/examination.hpp"
#include "core/table_sectors.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace vmtask::vhd {

namespace {

using detail::examination;

constexpr std::size_t footer_checksum = 64;
constexpr std::size_t header_checksum = 36;

/// Whether a footer may be written there: no block, table or header is.
bool is_free(const examination& of, std::uint64_t offset)
{
    const auto overlaps = [&](const extent& part) { return offset < part.end() && part.offset < offset + sector_size; };
    if (!of.is_table_known) return false;
    if (std::any_of(of.disk.metadata.begin() + 1, of.disk.metadata.end(), overlaps)) return false;
    const std::uint64_t length = of.disk.stored_block_bytes();
    return std::ranges::none_of(of.disk.table, [&](std::uint32_t place) {
        return place != unallocated && overlaps({std::uint64_t{place} * sector_size, length});
    });
}

sector with_checksum(sector bytes)
{
    detail::put(bytes, footer_checksum, checksum(bytes, footer_checksum));
    return bytes;
}

/// Writes the footer at the end and then, where there is one, its copy.
void write_footers(examination& of, const sector& footer)
{
    of.store.write(of.disk.file_size - sector_size, footer);
    of.store.flush();
    if (of.disk.footer.type == disk_type::fixed) return;
    of.store.write(0, footer);
    of.store.flush();
}

/// Each mends its defect, which was found to be mendable.
using mend = void (*)(examination& of);

/// The footer stands where it stood if that can be seen, else behind everything.
void mend_footer(examination& of)
{
    if (of.disk.leading_footer_valid) {
        std::uint64_t place = of.disk.file_size - sector_size;
        if (of.has(defect::footer_missing) || place % sector_size != 0 || !is_free(of, place))
            place = (of.disk.file_size + sector_size - 1) / sector_size * sector_size;
        of.store.write(place, of.leading);
        of.store.flush();
        return;
    }
    write_footers(of, with_checksum(of.trailing));
}

void mend_copy(examination& of)
{
    of.store.write(0, of.trailing);
    of.store.flush();
}

void mend_header(examination& of)
{
    auto bytes = of.header_bytes;
    detail::put(bytes, header_checksum, checksum(bytes, header_checksum));
    of.store.write(of.disk.footer.data_offset, std::span(bytes).first(sector_size));
    of.store.flush();
}

void mend_geometry(examination& of)
{
    sector bytes = of.disk.footer_bytes;
    const geometry shape = geometry_for(of.disk.footer.current_size / sector_size);
    detail::put(bytes, 56, shape.cylinders);
    detail::put(bytes, 58, shape.heads);
    detail::put(bytes, 59, shape.sectors_per_track);
    write_footers(of, with_checksum(bytes));
}

void free_blocks_beyond(examination& of)
{
    const std::uint64_t blocks = (of.disk.footer.current_size - 1) / of.disk.header.block_size + 1;
    detail::table_sectors changed(of.disk);
    for (auto block = static_cast<std::uint32_t>(blocks); block < of.disk.table.size(); ++block) {
        if (of.disk.table[block] == unallocated) continue;
        of.disk.table[block] = unallocated;
        changed.mark(block);
    }
    changed.write(of.store);
    of.store.flush();
}

/// As the last step of a compaction: the file ends in a footer all the time.
void cut_end(examination& of)
{
    std::uint64_t end = 0;
    for (const extent& part : of.disk.metadata) end = std::max(end, part.end());
    for (const std::uint32_t place : of.disk.table)
        if (place != unallocated)
            end = std::max(end, std::uint64_t{place} * sector_size + of.disk.stored_block_bytes());
    end = (end + sector_size - 1) / sector_size * sector_size;
    // What was freed by somebody who was killed may not be so on the disk.
    detail::table_sectors table(of.disk);
    table.mark_all();
    table.write(of.store);
    of.store.flush();
    of.store.write(end, of.disk.footer_bytes);
    of.store.flush();
    of.store.truncate(end + sector_size);
    of.store.flush();
}

constexpr std::array<std::pair<defect, mend>, 9> mends{{{defect::footer_missing, mend_footer},
                                                        {defect::footer_damaged, mend_footer},
                                                        {defect::footer_copy_missing, mend_copy},
                                                        {defect::footer_copy_damaged, mend_copy},
                                                        {defect::footer_copy_differs, mend_copy},
                                                        {defect::header_damaged, mend_header},
                                                        {defect::bad_geometry, mend_geometry},
                                                        {defect::block_beyond_disk, free_blocks_beyond},
                                                        {defect::lost_space_at_end, cut_end}}};

/// Mends the first thing that can be; false if nothing can.
bool mend_something(examination& of)
{
    for (const auto& [what, mends_it] : mends) {
        const auto found = std::ranges::find_if(
            of.report.findings, [wanted = what](const finding& one) { return one.what == wanted && one.is_mendable; });
        if (found == of.report.findings.end()) continue;
        mends_it(of);
        return true;
    }
    return false;
}

/// Marks what was there and is there no more; adds what has come to light.
void compare(check_report& first, const check_report& last)
{
    const auto is_left = [&](const finding& one) {
        return std::ranges::any_of(last.findings, [&](const finding& other) {
            return other.what == one.what && (other.offset == one.offset || other.detail == one.detail);
        });
    };
    for (finding& one : first.findings) one.is_mended = one.is_mendable && !is_left(one);
    for (const finding& one : last.findings)
        if (std::ranges::find(first.findings, one.what, &finding::what) == first.findings.end())
            first.findings.push_back(one);
    first.file_size = last.file_size;
    first.blocks_allocated = last.blocks_allocated;
}

} // namespace

check_report repair_image(byte_store& store, work_monitor& monitor)
{
    check_report first = check_image(store, monitor);
    if (std::ranges::none_of(first.findings, &finding::is_mendable)) return first;
    monitor.step("mending");
    // Each defect goes at most once, so this ends also on an image that resists.
    std::size_t rounds = mends.size();
    for (bool has_mended = true; has_mended && rounds > 0; --rounds) {
        monitor.checkpoint();
        examination now(store, monitor);
        detail::examine_briefly(now);
        has_mended = mend_something(now);
    }
    examination last(store, monitor);
    detail::examine_briefly(last);
    compare(first, last.report);
    return first;
}

} // namespace vmtask::vhd
