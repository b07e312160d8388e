// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace vmtask::benchmark {

inline constexpr std::uint64_t block_bytes = 2U << 20;

/// A dynamic disk whose blocks all have a place and hold noise, but that each
/// `zero_every`-th holds zeros; 0: none does. Flushed, and in the page cache.
void make_dynamic_disk(const std::filesystem::path& path, std::uint64_t size, std::uint64_t zero_every);

/// The same data without a format.
void make_raw_disk(const std::filesystem::path& path, std::uint64_t size);

/// An empty dynamic disk and a child of it, whose blocks all have a place and
/// hold noise. Flushed, and in the page cache.
void make_chain(const std::filesystem::path& parent, const std::filesystem::path& child, std::uint64_t size);

/// How the blocks of a disk lie in its file.
enum class block_order { as_in_the_table, shuffled };

/// The largest dynamic disk there is, 2040 GiB; each of its blocks has a place,
/// and the file is one hole behind the table.
void make_largest_disk(const std::filesystem::path& path, block_order order);

} // namespace vmtask::benchmark
