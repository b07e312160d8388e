// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <system_error>

namespace vmtask::test {

/// A sparse file in memory. Pages never written are holes and cost nothing.
///
/// Copies are deep. It counts what is done to it.
class memory_store : public vhd::byte_store {
public:
    static constexpr std::uint64_t page_size = 4096;

    explicit memory_store(std::uint64_t size = 0) : size_(size) {}

    [[nodiscard]] std::uint64_t size() override { return size_; }

    void read(std::uint64_t offset, std::span<std::byte> into) override
    {
        if (offset > size_ || into.size() > size_ - offset)
            throw std::system_error(std::make_error_code(std::errc::io_error), name() + ": read beyond the end");
        ++reads;
        bytes_read += into.size();
        for_each_piece(offset, into.size(),
                       [&](std::uint64_t number, std::uint64_t within, std::uint64_t at, std::uint64_t length) {
                           const auto found = pages_.find(number);
                           const auto piece = into.subspan(at, length);
                           if (found == pages_.end()) std::memset(piece.data(), 0, length);
                           else std::memcpy(piece.data(), &found->second[within], length);
                       });
    }

    void write(std::uint64_t offset, std::span<const std::byte> from) override
    {
        ++writes;
        bytes_written += from.size();
        for_each_piece(offset, from.size(),
                       [&](std::uint64_t number, std::uint64_t within, std::uint64_t at, std::uint64_t length) {
                           std::memcpy(&pages_[number][within], &from[at], length);
                       });
        if (!from.empty()) size_ = std::max<std::uint64_t>(size_, offset + from.size());
    }

    void flush() override { ++flushes; }

    void truncate(std::uint64_t size) override
    {
        ++truncations;
        const std::uint64_t within = size % page_size;
        pages_.erase(pages_.lower_bound((size + page_size - 1) / page_size), pages_.end());
        if (const auto last = pages_.find(size / page_size); last != pages_.end())
            std::fill(last->second.begin() + static_cast<std::ptrdiff_t>(within), last->second.end(), std::byte{});
        size_ = size;
    }

    [[nodiscard]] bool punch(std::uint64_t offset, std::uint64_t length) override
    {
        if (offset % page_size != 0 || length % page_size != 0) return false;
        pages_.erase(pages_.lower_bound(offset / page_size), pages_.lower_bound((offset + length) / page_size));
        return true;
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override
    {
        ++searches;
        const auto found = pages_.lower_bound(offset / page_size);
        if (found == pages_.end()) return size_;
        return std::min(size_, std::max(offset, found->first * page_size));
    }

    [[nodiscard]] std::uint64_t next_hole(std::uint64_t offset) override
    {
        ++searches;
        std::uint64_t number = offset / page_size;
        for (auto found = pages_.find(number); found != pages_.end() && found->first == number; ++found) ++number;
        return std::min(size_, std::max(offset, number * page_size));
    }

    [[nodiscard]] const std::string& name() const override { return name_; }

    /// Memory that the contents take, as a file system would count it.
    [[nodiscard]] std::uint64_t allocated_bytes() const { return pages_.size() * page_size; }

    /// Same size and same bytes; where the holes are does not matter.
    [[nodiscard]] bool same_bytes(const memory_store& other) const
    {
        return size_ == other.size_ && covers(other) && other.covers(*this);
    }

    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t flushes = 0;
    std::uint64_t truncations = 0;
    std::uint64_t searches = 0; // for data or holes
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;

private:
    using page = std::array<std::byte, page_size>;

    template <class Piece>
    static void for_each_piece(std::uint64_t offset, std::uint64_t length, Piece piece)
    {
        for (std::uint64_t at = 0; at < length;) {
            const std::uint64_t within = (offset + at) % page_size;
            const std::uint64_t size = std::min(length - at, page_size - within);
            piece((offset + at) / page_size, within, at, size);
            at += size;
        }
    }

    [[nodiscard]] bool covers(const memory_store& other) const
    {
        static const page zeros{};
        return std::ranges::all_of(other.pages_, [this](const auto& entry) {
            const auto mine = pages_.find(entry.first);
            const page& own = mine == pages_.end() ? zeros : mine->second;
            return std::memcmp(entry.second.data(), own.data(), page_size) == 0;
        });
    }

    std::uint64_t size_;
    std::map<std::uint64_t, page> pages_;
    std::string name_ = "memory.vhd";
};

} // namespace vmtask::test
