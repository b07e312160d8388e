// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "harness/effort.hpp"

#include <cstdint>
#include <filesystem>

namespace vmtask::benchmark {

inline constexpr std::uint64_t block_bytes = 2U << 20;

/// What is on a disk. Blocks that are stored hold in turn: zeros, noise, noise and
/// then zeros, and one byte again and again.
struct disk_content {
    std::uint64_t size;
    /// One block of so many is stored; the others never were written.
    std::uint64_t stored_every = 1;
    /// Whether a quarter of what is stored is blocks of zeros.
    bool has_zero_blocks = true;
};

/// 4 GiB, all of which is stored.
[[nodiscard]] constexpr disk_content full_disk(const effort& how_much)
{
    return {.size = how_much.disk_bytes};
}

/// 64 GiB, of which 2 GiB are stored.
[[nodiscard]] constexpr disk_content sparse_disk(const effort& how_much)
{
    return {.size = 16 * how_much.disk_bytes, .stored_every = 32};
}

/// A dynamic disk. Flushed, and in the page cache.
void make_dynamic_disk(const std::filesystem::path& path, const disk_content& content);

/// The same without a format; a hole where nothing is stored.
void make_raw_disk(const std::filesystem::path& path, const disk_content& content);

/// An empty dynamic disk and a child of it with the content. Flushed, and in the
/// page cache.
void make_chain(const std::filesystem::path& parent, const std::filesystem::path& child, const disk_content& content);

/// How the blocks of a disk lie in its file.
enum class block_order { as_in_the_table, shuffled };

/// The largest dynamic disk there is, 2040 GiB; each of its blocks has a place,
/// and the file is one hole behind the table.
void make_largest_disk(const std::filesystem::path& path, block_order order);

} // namespace vmtask::benchmark
