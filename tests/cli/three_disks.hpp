// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/temporary_folder.hpp"

#include "vmtask_program.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vmtask::test {

/// What a guest reads of a disk over its parents.
[[nodiscard]] inline std::vector<std::byte> shown_by(const std::string& disk)
{
    vhd::disk_chain chain(disk);
    std::vector<std::byte> bytes(chain.reader().size());
    chain.reader().read(0, bytes);
    return bytes;
}

/// Runs the program, which has to do as it is told.
inline void run_well(const std::vector<std::string>& arguments)
{
    vmtask_program run(arguments);
    INFO(run.err());
    REQUIRE(run.exit_code() == 0);
}

/// Writes noise to these blocks of 512 KiB.
inline void write_blocks(const std::string& path, const std::vector<std::uint32_t>& blocks, std::uint32_t seed)
{
    vhd::disk_chain chain(path, vhd::chain_access::write_child);
    vhd::image disk(chain.store(), chain.beneath());
    for (const std::uint32_t block : blocks) disk.write(std::uint64_t{block} << 19, noise(400 << 10, seed + block));
    disk.flush();
}

/// base.vhd of 8 MiB, and middle.vhd and top.vhd over it, made by the program.
struct three_disks {
    temporary_folder folder;
    std::string base = (folder / "base.vhd").string();
    std::string middle = (folder / "middle.vhd").string();
    std::string top = (folder / "top.vhd").string();
    std::vector<std::byte> data;

    three_disks()
    {
        run_well({"create", "--size", "8M", "--block-size", "512K", base});
        write_blocks(base, {0, 1, 2, 3}, 10);
        // Not the time at which it was made.
        last_write_time(std::filesystem::path(base),
                        last_write_time(std::filesystem::path(base)) - std::chrono::hours(24));
        run_well({"create", "--type", "differencing", "--parent", base, middle});
        write_blocks(middle, {2, 5}, 20);
        run_well({"create", "--type", "differencing", "--parent", middle, top});
        write_blocks(top, {1, 5, 9}, 30);
        data = shown_by(top);
    }
};

} // namespace vmtask::test
