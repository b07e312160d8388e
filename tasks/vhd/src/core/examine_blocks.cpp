// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/zero.hpp>

#include "core/examination.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace vmtask::vhd::detail {

namespace {

constexpr std::uint64_t piece_size = 64U << 10;

class block_examiner {
public:
    explicit block_examiner(examination& of)
        : of_(of),
          bitmap_(of.disk.bitmap_bytes()),
          piece_(std::min<std::uint64_t>(piece_size, of.disk.header.block_size))
    {
    }

    /// Whether a sector that was never written, by the bitmap, is not zero.
    bool has_unwritten_data(std::uint64_t place)
    {
        of_.store.read(place, bitmap_);
        const std::uint32_t block_size = of_.disk.header.block_size;
        const std::uint64_t sectors = block_size / sector_size;
        if (sectors % 8 == 0 && std::ranges::all_of(std::span(bitmap_).first(sectors / 8), [](std::byte b) {
                return b == std::byte{0xFF};
            }))
            return false;
        const std::uint64_t data = place + bitmap_.size();
        const std::uint64_t end = data + block_size;
        for (std::uint64_t at = data; (at = std::min(of_.store.next_data(at), end)) < end;) {
            at -= (at - data) % piece_.size();
            of_.store.read(at, piece_);
            if (has_unwritten_data_in_piece((at - data) / sector_size)) return true;
            at += piece_.size();
        }
        return false;
    }

private:
    [[nodiscard]] bool has_unwritten_data_in_piece(std::uint64_t first_sector) const
    {
        for (std::uint64_t i = 0; i < piece_.size() / sector_size; ++i) {
            const std::uint64_t bit = first_sector + i;
            const bool is_written = (bitmap_[bit / 8] & (std::byte{0x80} >> (bit % 8))) != std::byte{};
            if (!is_written && !is_zero(std::span(piece_).subspan(i * sector_size, sector_size))) return true;
        }
        return false;
    }

    examination& of_;
    std::vector<std::byte> bitmap_;
    std::vector<std::byte> piece_;
};

} // namespace

/// Of a differencing disk a sector that was not written shows the parent's,
/// whatever lies there.
void examine_blocks(examination& of)
{
    const layout& disk = of.disk;
    if (disk.footer.type != disk_type::dynamic) return;
    of.monitor.step("reading bitmaps");
    block_examiner examiner(of);
    const std::uint64_t length = disk.stored_block_bytes();
    const std::uint64_t total = of.report.blocks_allocated * length;
    std::uint64_t done = 0;
    for (std::uint32_t block = 0; block < disk.table.size(); ++block) {
        if (disk.table[block] == unallocated) continue;
        of.monitor.checkpoint();
        const std::uint64_t place = std::uint64_t{disk.table[block]} * sector_size;
        if (place + length <= of.end_of_space() && examiner.has_unwritten_data(place))
            of.add(defect::unwritten_data, severity::warning, false, place, "block " + std::to_string(block));
        of.monitor.report(done += length, total);
    }
}

} // namespace vmtask::vhd::detail
