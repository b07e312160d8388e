// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_chain.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

namespace vmtask::test {

inline constexpr std::uint64_t chain_disk_size = (6U << 20) + 512;

/// All that a guest sees of the disk in a file.
[[nodiscard]] inline std::vector<std::byte> contents_of(const std::filesystem::path& disk)
{
    vhd::disk_chain chain(disk);
    return contents(static_cast<vhd::guest_reader&>(chain.reader()));
}

/// Writes noise and zeros here and there; `expected` follows.
inline void scribble(const std::filesystem::path& path, std::uint32_t seed, std::vector<std::byte>& expected)
{
    vhd::disk_chain chain(path, vhd::chain_access::write_child);
    vhd::image disk(chain.store(), chain.beneath());
    std::mt19937 random(seed);
    expected.resize(disk.size());
    for (std::uint32_t i = 0; i < 8; ++i) {
        const std::uint64_t first = random() % (disk.size() / 512);
        const std::uint64_t count = std::min<std::uint64_t>(1 + random() % 1500, disk.size() / 512 - first);
        const auto bytes = i % 3 == 2 ? std::vector<std::byte>(count * 512) : noise(count * 512, seed + i);
        disk.write(first * 512, bytes);
        put(expected, first * 512, bytes);
    }
    disk.flush();
}

/// An empty disk of a megabyte.
inline void make_parent(const std::filesystem::path& path)
{
    vhd::create_file(path, {.size_bytes = 1U << 20, .block_size_bytes = small_block});
}

/// A child with these paths to its parent and no others.
inline void make_child(const std::filesystem::path& path, const std::filesystem::path& parent,
                       vhd::parent_reference reference)
{
    reference.id = vhd::read_info(parent).id;
    vhd::create_options options{.size_bytes = 1U << 20, .block_size_bytes = small_block};
    options.parent = std::move(reference);
    vhd::create_file(path, options);
}

/// Why the chain cannot be opened.
inline failure refusal_of(const std::filesystem::path& disk, const vhd::chain_options& options = {})
{
    return failure_of([&] { const vhd::disk_chain chain(disk, vhd::chain_access::read, options); });
}

/// Why the file cannot be locked.
inline std::error_code lock_refusal(const std::filesystem::path& path, vhd::file_access access)
{
    return failure_of([&] { const vhd::file_store store(path, access); }).code;
}

/// base.vhd, and middle.vhd and top.vhd over it, each written to.
class chain_files {
public:
    chain_files()
    {
        // The two made long ago, so that their age is not that of their last change.
        vhd::create_file(base(), {.size_bytes = chain_disk_size, .block_size_bytes = 512U << 10, .timestamp = 1});
        scribble(base(), 1, expected);
        expected_of_base = expected;
        vhd::create_child_file(middle(), base(), {.timestamp = 1});
        scribble(middle(), 2, expected);
        expected_of_middle = expected;
        vhd::create_child_file(top(), middle(), {.block_size_bytes = 2U << 20});
        scribble(top(), 3, expected);
    }

    [[nodiscard]] std::filesystem::path base() const { return folder / "base.vhd"; }
    [[nodiscard]] std::filesystem::path middle() const { return folder / "middle.vhd"; }
    [[nodiscard]] std::filesystem::path top() const { return folder / "top.vhd"; }

    temporary_folder folder;
    std::vector<std::byte> expected; // of the top
    std::vector<std::byte> expected_of_base;
    std::vector<std::byte> expected_of_middle;
};

} // namespace vmtask::test
