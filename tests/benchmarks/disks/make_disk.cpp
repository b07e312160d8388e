// SPDX-License-Identifier: BSL-1.0
#include "disks/make_disk.hpp"

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <vector>

namespace vmtask::benchmark {
namespace {

using block = std::vector<std::byte>;

/// Different in each block, and nothing that a file system could store shorter.
void fill_with_noise(block& filled, std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    for (std::size_t at = 0; at < filled.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t number = random();
        std::memcpy(filled.data() + at, &number, sizeof number);
    }
}

/// What the blocks hold that are stored, in turn.
enum class block_kind { zeros, noise, half_zeros, constant };

void fill(block& filled, block_kind kind, std::uint64_t seed)
{
    switch (kind) {
    case block_kind::zeros: std::ranges::fill(filled, std::byte{}); break;
    case block_kind::noise: fill_with_noise(filled, seed); break;
    case block_kind::half_zeros:
        fill_with_noise(filled, seed);
        std::fill(filled.begin() + block_bytes / 2, filled.end(), std::byte{});
        break;
    case block_kind::constant: std::ranges::fill(filled, std::byte{0xE5}); break;
    }
}

block_kind kind_of(std::uint64_t stored, bool with_zeros)
{
    constexpr std::uint64_t kinds = 4;
    return static_cast<block_kind>(with_zeros ? stored % kinds : 1 + stored % (kinds - 1));
}

/// Calls write(offset, block) for all blocks of a disk that are stored.
template <class Write>
void write_blocks(const disk_content& content, Write write)
{
    block bytes(block_bytes);
    std::uint64_t stored = 0;
    for (std::uint64_t at = 0; at < content.size; at += content.stored_every * block_bytes) {
        fill(bytes, kind_of(stored, content.has_zero_blocks), stored);
        write(at, bytes);
        ++stored;
    }
}

} // namespace

void make_dynamic_disk(const std::filesystem::path& path, const disk_content& content)
{
    vhd::create_file(path, {.size_bytes = content.size});
    vhd::file_store store(path, vhd::file_access::write);
    vhd::image disk(store);
    write_blocks(content, [&](std::uint64_t offset, const block& bytes) { disk.write(offset, bytes); });
    disk.flush();
}

void make_chain(const std::filesystem::path& parent, const std::filesystem::path& child, const disk_content& content)
{
    vhd::create_file(parent, {.size_bytes = content.size});
    vhd::create_child_file(child, parent);
    vhd::disk_chain chain(child, vhd::chain_access::write_child);
    vhd::image disk(chain.store(), chain.beneath());
    write_blocks(content, [&](std::uint64_t offset, const block& bytes) { disk.write(offset, bytes); });
    disk.flush();
}

void make_raw_disk(const std::filesystem::path& path, const disk_content& content)
{
    std::ofstream(path).flush();
    std::filesystem::resize_file(path, content.size);
    vhd::file_store store(path, vhd::file_access::write);
    write_blocks(content, [&](std::uint64_t offset, const block& bytes) { store.write(offset, bytes); });
    store.flush();
}

void make_largest_disk(const std::filesystem::path& path, block_order order)
{
    vhd::create_file(path, {.size_bytes = vhd::largest_size_bytes});
    vhd::file_store store(path, vhd::file_access::write);
    const vhd::layout made = vhd::read_layout(store);

    const std::uint64_t begin = made.end_of_table() / vhd::sector_size;
    const std::uint64_t stride = made.stored_block_bytes() / vhd::sector_size;
    std::vector<std::uint64_t> places(made.table.size());
    std::iota(places.begin(), places.end(), std::uint64_t{0});
    if (order == block_order::shuffled) std::ranges::shuffle(places, std::mt19937(1));

    std::vector<std::byte> table(made.table.size() * sizeof(std::uint32_t));
    for (std::size_t number = 0; number < made.table.size(); ++number) {
        const std::uint64_t place = begin + places[number] * stride;
        for (unsigned byte = 0; byte < 4; ++byte)
            table[number * 4 + byte] = static_cast<std::byte>(place >> (24 - 8 * byte));
    }
    store.write(made.header.table_offset, table);
    store.write((begin + made.table.size() * stride) * vhd::sector_size, made.footer_bytes);
    store.flush();
}

} // namespace vmtask::benchmark
