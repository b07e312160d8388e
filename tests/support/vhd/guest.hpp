// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/image.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

namespace vmtask::test {

/// Bytes that look random and are the same for the same seed.
[[nodiscard]] inline std::vector<std::byte> noise(std::size_t size, std::uint32_t seed)
{
    std::vector<std::byte> bytes(size);
    std::uint64_t state = seed;
    for (std::size_t at = 0; at < size; at += sizeof state) {
        // SplitMix64: much of what the tests do is to make such bytes.
        std::uint64_t next = state += 0x9E37'79B9'7F4A'7C15;
        next = (next ^ next >> 30) * 0xBF58'476D'1CE4'E5B9;
        next = (next ^ next >> 27) * 0x94D0'49BB'1331'11EB;
        next ^= next >> 31;
        std::memcpy(bytes.data() + at, &next, std::min(sizeof next, size - at));
    }
    return bytes;
}

/// Puts the bytes into the data. Many times as fast as to copy one std::byte after
/// another, which std::ranges::copy() may do.
inline void put(std::vector<std::byte>& data, std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (!bytes.empty()) std::memcpy(data.data() + offset, bytes.data(), bytes.size());
}

/// All that a guest sees of the disk.
[[nodiscard]] inline std::vector<std::byte> contents(vhd::byte_store& store)
{
    vhd::image disk(store);
    std::vector<std::byte> bytes(disk.size());
    disk.read(0, bytes);
    return bytes;
}

/// Many times faster than comparing one std::byte after another.
[[nodiscard]] inline bool is_same(std::span<const std::byte> one, std::span<const std::byte> other)
{
    return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size()) == 0;
}

/// Whether the disk, any that has size() and read(), shows these bytes and no
/// others. Piece by piece: of what is asked thousands of times, most goes into
/// memory that nobody has touched before, above all under the sanitizers.
template <class Disk>
[[nodiscard]] bool shows(Disk& disk, std::span<const std::byte> expected)
{
    if (disk.size() != expected.size()) return false;
    std::array<std::byte, 16384> buffer;
    while (!expected.empty()) {
        const auto piece = std::span(buffer).first(std::min(buffer.size(), expected.size()));
        disk.read(disk.size() - expected.size(), piece);
        if (!is_same(piece, expected.first(piece.size()))) return false;
        expected = expected.subspan(piece.size());
    }
    return true;
}

/// The same of what a guest sees of the disk in the store.
[[nodiscard]] inline bool guest_sees(vhd::byte_store& store, std::span<const std::byte> expected)
{
    vhd::image disk(store);
    return shows(disk, expected);
}

/// A guest that writes here and there, and remembers what it should read.
class guest {
public:
    guest(std::uint64_t size, std::uint32_t seed) : expected_(size), random_(seed) {}

    void write(vhd::image& disk, std::uint64_t offset, std::span<const std::byte> bytes)
    {
        disk.write(offset, bytes);
        put(expected_, offset, bytes);
    }

    /// Writes noise, of a sector up to two blocks, at `count` places.
    void scribble(vhd::image& disk, int count)
    {
        for (int i = 0; i < count; ++i) {
            const std::uint64_t offset = below(expected_.size() / 512) * 512;
            const std::uint64_t length =
                std::min((1 + below(2 * disk.block_size() / 512)) * 512, expected_.size() - offset);
            write(disk, offset, noise(length, static_cast<std::uint32_t>(random_())));
        }
    }

    /// Zeros about one in `rarity` of the blocks.
    void clear_blocks(vhd::image& disk, std::uint32_t rarity)
    {
        for (std::uint64_t offset = 0; offset < expected_.size(); offset += disk.block_size()) {
            if (below(rarity) != 0) continue;
            const std::uint64_t length = std::min<std::uint64_t>(disk.block_size(), expected_.size() - offset);
            write(disk, offset, std::vector<std::byte>(length));
        }
    }

    /// Blocks in which something is not zero.
    [[nodiscard]] std::uint64_t blocks_with_data(std::uint32_t block_size) const
    {
        std::uint64_t count = 0;
        for (std::size_t at = 0; at < expected_.size(); at += block_size) {
            const auto block =
                std::span(expected_).subspan(at, std::min<std::size_t>(block_size, expected_.size() - at));
            if (block.front() != std::byte{} || std::memcmp(&block[0], &block[1], block.size() - 1) != 0) ++count;
        }
        return count;
    }

    [[nodiscard]] const std::vector<std::byte>& expected() const noexcept { return expected_; }

private:
    [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    std::vector<std::byte> expected_;
    std::mt19937 random_;
};

} // namespace vmtask::test
