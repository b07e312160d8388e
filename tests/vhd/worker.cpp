// SPDX-License-Identifier: BSL-1.0

// Works on a disk in a process of its own, so that its memory can be measured.
//
//     worker DISK    looks at it, checks, compacts and converts it, then says how
//                    many KiB of memory the process has had at most
//
// Exits 0 when it is done, 1 when it failed, 2 on bad usage.

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/convert_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/info.hpp>

#include "support/vhd/recording_monitor.hpp"

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

using namespace vmtask;

namespace {

/// Memory that this process, not one that it was forked from, has had at most.
std::string peak_memory()
{
    constexpr std::string_view name = "VmHWM:";
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name)) return line.substr(line.find_first_of("0123456789"));
    return "unknown";
}

void work_on(const std::filesystem::path& path)
{
    test::recording_monitor monitor;
    (void)vhd::read_info(path);
    {
        vhd::file_store store(path, vhd::file_access::write);
        (void)vhd::image(store);
        (void)vhd::check_image(store, monitor);
    }
    {
        vhd::file_store store(path, vhd::file_access::write);
        test::recording_monitor of_compact;
        vhd::compact_image(store, of_compact);
    }
    test::recording_monitor of_convert;
    vhd::convert_file(path, path.string() + ".new", {}, of_convert);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) return 2;
    try {
        work_on(argv[1]);
        std::cout << peak_memory() << std::endl;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
