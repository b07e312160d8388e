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
        const std::vector<std::byte> header = bytes(number(footer_, 16, 8), 1024);
        table_ = bytes(number(header, 16, 8), number(header, 28, 4) * 4);
        block_size_ = number(header, 32, 4);
        bitmap_size_ = (block_size_ + 512 * 4096 - 1) / (512 * 4096) * 512;
    }

    [[nodiscard]] std::uint64_t size() const { return number(footer_, 48, 8); }

    void read(std::uint64_t offset, std::span<std::byte> into)
    {
        while (!into.empty()) {
            const std::uint64_t within = offset % block_size_;
            const auto piece = into.first(std::min<std::uint64_t>(into.size(), block_size_ - within));
            const std::uint64_t place = number(table_, offset / block_size_ * 4, 4);
            if (place == 0xFFFFFFFF) std::fill(piece.begin(), piece.end(), std::byte{});
            else store_.read(place * 512 + bitmap_size_ + within, piece);
            offset += piece.size();
            into = into.subspan(piece.size());
        }
    }

    [[nodiscard]] std::vector<std::byte> contents()
    {
        std::vector<std::byte> disk(size());
        read(0, disk);
        return disk;
    }

private:
    [[nodiscard]] bool is_footer() const
    {
        constexpr std::string_view cookie = "conectix";
        if (!std::ranges::equal(std::span(footer_).first(8), std::as_bytes(std::span(cookie)))) return false;
        // Not by the vector's and std::byte's functions: this is done for every state
        // of a disk that a power cut may leave.
        const std::byte* const footer = footer_.data();
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < footer_.size(); ++i)
            if (i < 64 || i >= 68) sum += static_cast<std::uint32_t>(footer[i]);
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
    std::vector<std::byte> table_;
    std::uint64_t block_size_ = 0;
    std::uint64_t bitmap_size_ = 0;
};

} // namespace vmtask::test
