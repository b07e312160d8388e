// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace vmtask::test {

/// Reads a dynamic disk as QEMU does, by code that shares nothing with ours: the
/// footer at the start comes first, and no bitmap is looked at.
class other_reader {
public:
    explicit other_reader(vhd::byte_store& store) : store_(store)
    {
        footer_ = bytes(0, 512);
        if (!is_footer()) footer_ = bytes(store_.size() - 512, 512);
        if (!is_footer()) throw std::runtime_error("another program finds no footer");
    }

    [[nodiscard]] std::vector<std::byte> contents()
    {
        const std::vector<std::byte> header = bytes(number(footer_, 16, 8), 1024);
        const std::vector<std::byte> table = bytes(number(header, 16, 8), number(header, 28, 4) * 4);
        const std::uint64_t block_size = number(header, 32, 4);
        const std::uint64_t bitmap_size = (block_size + 512 * 4096 - 1) / (512 * 4096) * 512;
        std::vector<std::byte> disk(number(footer_, 48, 8));
        for (std::uint64_t at = 0; at < disk.size(); at += block_size) {
            const std::uint64_t place = number(table, at / block_size * 4, 4);
            const std::uint64_t length = std::min(block_size, disk.size() - at);
            if (place != 0xFFFFFFFF) store_.read(place * 512 + bitmap_size, std::span(disk).subspan(at, length));
        }
        return disk;
    }

private:
    [[nodiscard]] bool is_footer() const
    {
        constexpr std::string_view cookie = "conectix";
        if (!std::ranges::equal(std::span(footer_).first(8), std::as_bytes(std::span(cookie)))) return false;
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < footer_.size(); ++i)
            if (i < 64 || i >= 68) sum += std::to_integer<std::uint32_t>(footer_[i]);
        return number(footer_, 64, 4) == static_cast<std::uint32_t>(~sum);
    }

    [[nodiscard]] std::vector<std::byte> bytes(std::uint64_t offset, std::uint64_t length)
    {
        std::vector<std::byte> result(length);
        store_.read(offset, result);
        return result;
    }

    static std::uint64_t number(const std::vector<std::byte>& from, std::size_t offset, std::size_t length)
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < length; ++i)
            value = value << 8 | std::to_integer<std::uint64_t>(from.at(offset + i));
        return value;
    }

    vhd::byte_store& store_;
    std::vector<std::byte> footer_;
};

} // namespace vmtask::test
