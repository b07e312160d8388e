// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/raw_reader.hpp>

#include "core/fail.hpp"

#include <algorithm>

namespace vmtask::vhd {

raw_reader::raw_reader(byte_store& store)
    : store_(&store), stored_(store.size()), size_(stored_ + (sector_size - stored_ % sector_size) % sector_size)
{
    if (stored_ == 0) detail::fail(store, errc::empty_file);
}

void raw_reader::read(std::uint64_t offset, std::span<std::byte> into)
{
    if (offset % sector_size != 0 || into.size() % sector_size != 0) detail::fail(*store_, errc::unaligned_access);
    if (offset > size_ || into.size() > size_ - offset) detail::fail(*store_, errc::beyond_the_end);
    const auto there =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), stored_ - std::min(offset, stored_)));
    store_->read(offset, into.first(there));
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(there), into.end(), std::byte{});
}

std::uint64_t raw_reader::next_data(std::uint64_t offset)
{
    if (offset >= stored_) return size_;
    const std::uint64_t found = store_->next_data(offset);
    return found >= stored_ ? size_ : found - found % sector_size;
}

} // namespace vmtask::vhd
