// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace vmtask::test {

inline constexpr std::uint32_t small_block = 64U << 10;

/// An empty dynamic disk in memory.
[[nodiscard]] inline memory_store make_disk(std::uint64_t size, std::uint32_t block_size = small_block)
{
    memory_store store;
    vhd::create_options options;
    options.size_bytes = size;
    options.block_size_bytes = block_size;
    vhd::create_image(store, options);
    return store;
}

/// Fills these blocks, each with noise of its own, in this order.
inline void fill_blocks(vhd::byte_store& store, std::initializer_list<std::uint32_t> blocks)
{
    vhd::image disk(store);
    for (const std::uint32_t block : blocks)
        disk.write(std::uint64_t{block} * disk.block_size(), noise(disk.block_size(), block + 1));
    disk.flush();
}

/// Makes these blocks zeros that have a place all the same.
inline void clear_blocks(vhd::byte_store& store, std::initializer_list<std::uint32_t> blocks)
{
    vhd::image disk(store);
    for (const std::uint32_t block : blocks)
        disk.write(std::uint64_t{block} * disk.block_size(), std::vector<std::byte>(disk.block_size()));
    disk.flush();
}

/// Changes the footer at the end, and the copy at the start if there is one.
template <class Change>
void change_footer(vhd::byte_store& store, Change change)
{
    vhd::sector bytes{};
    const std::uint64_t end = store.size() - vhd::sector_size;
    store.read(end, bytes);
    vhd::disk_footer footer = vhd::decode_footer(bytes);
    const bool has_copy = footer.type != vhd::disk_type::fixed;
    change(footer);
    store.write(end, vhd::encode(footer));
    if (has_copy) store.write(0, vhd::encode(footer));
}

template <class Change>
void change_header(vhd::byte_store& store, Change change)
{
    std::array<std::byte, vhd::dynamic_header_size> bytes{};
    store.read(vhd::sector_size, bytes);
    vhd::dynamic_header header = vhd::decode_header(bytes);
    change(header);
    store.write(vhd::sector_size, vhd::encode(header));
}

/// Writes a table entry of an image of ours, past all checks.
inline void set_entry(vhd::byte_store& store, std::uint32_t block, std::uint32_t sector)
{
    const std::array bytes{static_cast<std::byte>(sector >> 24), static_cast<std::byte>(sector >> 16 & 0xFF),
                           static_cast<std::byte>(sector >> 8 & 0xFF), static_cast<std::byte>(sector & 0xFF)};
    store.write(1536 + std::uint64_t{block} * 4, bytes);
}

/// Spoils one byte.
inline void spoil(vhd::byte_store& store, std::uint64_t offset)
{
    std::array<std::byte, 1> byte{};
    store.read(offset, byte);
    byte[0] ^= std::byte{0x55};
    store.write(offset, byte);
}

/// A fixed disk with this data.
[[nodiscard]] inline memory_store make_fixed_disk(std::span<const std::byte> data)
{
    vhd::disk_footer footer;
    footer.original_size = footer.current_size = data.size();
    footer.geometry = vhd::geometry_for(data.size() / vhd::sector_size);
    footer.type = vhd::disk_type::fixed;
    memory_store store;
    store.write(0, data);
    store.write(data.size(), vhd::encode(footer));
    return store;
}

} // namespace vmtask::test
