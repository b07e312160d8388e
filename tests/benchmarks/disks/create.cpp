// SPDX-License-Identifier: BSL-1.0
//
// Row 7: a fixed disk with all its space, beside the least that could make one.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "disks/scratch.hpp"

#include <vmtask/vhd/create_file.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace vmtask::benchmark {
namespace {

constexpr std::uint64_t footer_bytes = 512;
/// For what the file system needs beside.
constexpr std::uint64_t spare_bytes = std::uint64_t{1} << 30;

std::uint64_t size_of_disk(const effort& how_much)
{
    return sparse_disk(how_much).size;
}

void require(bool succeeded)
{
    if (!succeeded) throw std::system_error(errno, std::generic_category(), "fallocate and footer");
}

void allocate_and_write_footer(const std::filesystem::path& path, std::uint64_t size)
{
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    require(file >= 0);
    require(::fallocate(file, 0, 0, static_cast<off_t>(size + footer_bytes)) == 0);
    const std::array<std::byte, footer_bytes> footer{};
    require(::pwrite(file, footer.data(), footer.size(), static_cast<off_t>(size)) == ssize_t{footer_bytes});
    require(::fsync(file) == 0);
    ::close(file);
    flush_file(path.parent_path()); // its name
}

measurements ours(const effort& how_much)
{
    const scratch_folder folder;
    const std::uint64_t size = size_of_disk(how_much);
    folder.require_space(size + spare_bytes);
    return {{"ms", milliseconds_of([&] {
                 vhd::create_file(folder / "disk.vhd", {.size_bytes = size, .type = vhd::disk_type::fixed});
             })}};
}

measurements by_hand(const effort& how_much)
{
    const scratch_folder folder;
    const std::uint64_t size = size_of_disk(how_much);
    folder.require_space(size + spare_bytes);
    return {{"ms", milliseconds_of([&] { allocate_and_write_footer(folder / "disk", size); })}};
}

} // namespace

group create()
{
    return {
        {{"create/ours", "ours", ours}, {"create/fallocate", "fallocate, footer, fsync of file and folder", by_hand}},
        {{7, "create fixed 64 GiB, allocated", "ms", {"create/ours", "ms"}, {"create/fallocate", "ms"}, 1.2}}};
}

} // namespace vmtask::benchmark
