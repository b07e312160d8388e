// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/vhd/chain_files.hpp"
#include "support/vhd/guest.hpp"

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace vmtask::test {

inline constexpr std::uint32_t block_bytes = 512U << 10;

/// Makes a dynamic disk of `blocks` blocks, every second of which holds only
/// zeros. Returns what its guest reads.
inline std::vector<std::byte> make_disk(const std::filesystem::path& path, std::uint32_t blocks = 16)
{
    const std::uint64_t size = std::uint64_t{blocks} * block_bytes;
    vhd::create_options options;
    options.size_bytes = size;
    options.block_size_bytes = block_bytes;
    vhd::create_file(path, options);

    vhd::file_store store(path, vhd::file_access::write);
    vhd::image disk(store);
    guest user(size, /*seed=*/1);
    user.write(disk, 0, noise(size, /*seed=*/2));
    for (std::uint64_t at = 0; at < size; at += 2 * block_bytes)
        user.write(disk, at, std::vector<std::byte>(block_bytes));
    disk.flush();
    return user.expected();
}

} // namespace vmtask::test
