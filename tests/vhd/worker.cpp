// SPDX-License-Identifier: BSL-1.0

// Works on a disk in a process of its own, so that it can be killed and measured.
//
//     worker compact DISK       says "N" after its N-th change of the file, and
//                               reads a byte before each; unpaced after the last
//     worker resize DISK SIZE   the same for another size, in bytes
//     worker repair DISK        the same for mending what is wrong
//     worker convert DISK NEW   says "go" and makes a fixed disk with its data
//     worker create DISK SIZE   says "go" and makes a disk of that many bytes
//     worker measure DISK       looks at it, checks, compacts and converts it,
//                               then says how many
//                               KiB of memory the process has had at most
//
// Exits 0 when it is done, 1 when it failed, 2 on bad usage.

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/convert_file.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/resize_image.hpp>

#include "support/vhd/recording_monitor.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

using namespace vmtask;

namespace {

/// A file whose changes are paced by whoever is at the other end.
class paced_store final : public vhd::byte_store {
public:
    explicit paced_store(const std::filesystem::path& path) : file_(path, vhd::file_access::write) {}

    [[nodiscard]] std::uint64_t size() override { return file_.size(); }
    void read(std::uint64_t offset, std::span<std::byte> into) override { file_.read(offset, into); }

    void write(std::uint64_t offset, std::span<const std::byte> from) override
    {
        change([&] { file_.write(offset, from); });
    }
    void flush() override
    {
        change([&] { file_.flush(); });
    }
    void truncate(std::uint64_t size) override
    {
        change([&] { file_.truncate(size); });
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override { return file_.next_data(offset); }
    [[nodiscard]] std::uint64_t next_hole(std::uint64_t offset) override { return file_.next_hole(offset); }
    [[nodiscard]] const std::string& name() const override { return file_.name(); }

private:
    template <class Change>
    void change(Change make)
    {
        (void)std::cin.get();
        make();
        std::cout << ++changes_ << std::endl;
    }

    vhd::file_store file_;
    std::uint64_t changes_ = 0;
};

void compact(vhd::byte_store& store, std::uint64_t batch_bytes)
{
    test::recording_monitor monitor;
    vhd::compact_image(store, monitor, {.batch_bytes = batch_bytes});
}

void compact_paced(const char* path)
{
    paced_store store(path);
    std::cout << std::endl;
    compact(store, 2U << 20);
}

void resize_paced(const char* path, const char* size)
{
    paced_store store(path);
    std::cout << std::endl;
    test::recording_monitor monitor;
    vhd::resize_image(store, monitor, {.size_bytes = std::strtoull(size, nullptr, 10)});
}

void repair_paced(const char* path)
{
    paced_store store(path);
    std::cout << std::endl;
    test::recording_monitor monitor;
    vhd::repair_image(store, monitor);
}

void convert(const char* from, const char* to)
{
    std::cout << "go" << std::endl;
    vhd::convert_options options;
    options.target.format = vhd::image_format::fixed;
    test::recording_monitor monitor;
    vhd::convert_file(from, to, options, monitor);
}

void create(const char* path, const char* size)
{
    std::cout << "go" << std::endl;
    vhd::create_file(path, {.size_bytes = std::strtoull(size, nullptr, 10), .block_size_bytes = 512U << 10});
}

/// Memory that this process, not one that it was forked from, has had at most.
std::string peak_memory()
{
    constexpr std::string_view name = "VmHWM:";
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name)) return line.substr(line.find_first_of("0123456789"));
    return "unknown";
}

void measure(const char* path)
{
    (void)vhd::read_info(path);
    {
        vhd::file_store store(path, vhd::file_access::write);
        (void)vhd::image(store);
    }
    test::recording_monitor monitor;
    {
        vhd::file_store store(path, vhd::file_access::write);
        (void)vhd::check_image(store, monitor);
        compact(store, vhd::compact_options().batch_bytes);
    }
    test::recording_monitor other;
    vhd::convert_file(path, std::string(path) + ".new", {}, other);
    std::cout << peak_memory() << std::endl;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view verb = argc > 2 ? argv[1] : "";
    try {
        if (verb == "compact" && argc == 3) compact_paced(argv[2]);
        else if (verb == "resize" && argc == 4) resize_paced(argv[2], argv[3]);
        else if (verb == "repair" && argc == 3) repair_paced(argv[2]);
        else if (verb == "convert" && argc == 4) convert(argv[2], argv[3]);
        else if (verb == "create" && argc == 4) create(argv[2], argv[3]);
        else if (verb == "measure" && argc == 3) measure(argv[2]);
        else return 2;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
