// SPDX-License-Identifier: BSL-1.0

#include "core/beneath.hpp"

#include <algorithm>

namespace vmtask::vhd::detail {

void read_beneath(guest_reader* parent, std::uint64_t offset, std::span<std::byte> into)
{
    const std::uint64_t end = parent != nullptr ? parent->size() : 0;
    const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - std::min(offset, end)));
    if (there != 0) parent->read(offset, into.first(there));
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(there), into.end(), std::byte{});
}

std::uint64_t next_data_beneath(guest_reader* parent, std::uint64_t offset, std::uint64_t size)
{
    if (parent == nullptr || offset >= parent->size()) return size;
    const std::uint64_t found = parent->next_data(offset);
    return found >= parent->size() ? size : std::min(found, size);
}

} // namespace vmtask::vhd::detail
