// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vmtask::vhd::detail {

/// Looks whether blocks of a differencing disk show what its parent does anyway.
class block_comparer {
public:
    block_comparer(byte_store& store, const layout& disk, guest_reader& parent);

    /// Whether a guest would see the same if the block had no place. Of a sector
    /// that the block leaves to the parent nothing is read.
    [[nodiscard]] bool shows_parent(std::uint32_t block);

    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

private:
    [[nodiscard]] bool is_same(std::uint64_t place, std::uint64_t offset, std::uint64_t length);
    [[nodiscard]] std::span<const std::byte> load(std::uint64_t place, std::span<std::byte> into);

    byte_store* store_;
    const layout* disk_;
    guest_reader* parent_;
    std::vector<std::byte> bitmap_;
    std::vector<std::byte> own_;
    std::vector<std::byte> parents_;
    std::uint64_t bytes_read_ = 0;
};

} // namespace vmtask::vhd::detail
