// SPDX-License-Identifier: BSL-1.0

#include "core/table_sectors.hpp"

#include "core/big_endian.hpp"

#include <algorithm>

namespace vmtask::vhd::detail {

namespace {

constexpr std::size_t entries_per_sector = sector_size / sizeof(std::uint32_t);

} // namespace

table_sectors::table_sectors(const layout& disk)
    : disk_(&disk), changed_((disk.table.size() + entries_per_sector - 1) / entries_per_sector)
{
}

void table_sectors::mark(std::uint32_t block)
{
    changed_[block / entries_per_sector] = true;
}

void table_sectors::mark_all()
{
    changed_.assign(changed_.size(), true);
}

std::uint64_t table_sectors::write(byte_store& store)
{
    constexpr std::size_t longest_run = 256;
    std::uint64_t written = 0;
    for (std::size_t first = 0; first < changed_.size(); ++first) {
        std::size_t last = first;
        while (last < changed_.size() && changed_[last] && last - first < longest_run) changed_[last++] = false;
        if (last == first) continue;
        written += write_run(store, first, last);
        first = last - 1;
    }
    return written;
}

std::uint64_t table_sectors::write_run(byte_store& store, std::size_t first, std::size_t last) const
{
    const std::size_t from = first * entries_per_sector;
    const std::size_t to = std::min(last * entries_per_sector, disk_->table.size());
    std::vector<std::byte> bytes((to - from) * sizeof(std::uint32_t));
    for (std::size_t i = from; i < to; ++i) put(bytes, (i - from) * sizeof(std::uint32_t), disk_->table[i]);
    store.write(disk_->header.table_offset + from * sizeof(std::uint32_t), bytes);
    return bytes.size();
}

} // namespace vmtask::vhd::detail
