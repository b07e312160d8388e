// SPDX-License-Identifier: BSL-1.0

#include "read_footer.hpp"

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/format.hpp>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <system_error>

namespace vmtask::virtual_server {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::error_code reason)
{
    throw std::system_error(reason, path.string());
}

int open_regular(const std::filesystem::path& path)
{
    if (!is_regular_file(path)) refuse(path, exists(path) ? vhd::errc::not_a_regular_file : vhd::errc::no_such_file);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) refuse(path, {errno, std::system_category()});
    return descriptor;
}

/// Nothing where there is no footer. A file that is being cut may end before it.
std::optional<vhd::disk_footer> footer_at(vhd::file_store& store, std::uint64_t offset)
{
    vhd::sector bytes{};
    try {
        store.read(offset, bytes);
    } catch (const std::system_error& failure) {
        if (failure.code() == vhd::errc::file_too_short) return std::nullopt;
        throw;
    }
    if (vhd::check_footer(bytes)) return std::nullopt;
    return vhd::decode_footer(bytes);
}

} // namespace

vhd::disk_footer read_footer(const std::filesystem::path& path)
{
    vhd::file_store store(open_regular(path), path);
    const std::uint64_t size = store.size();
    std::optional<vhd::disk_footer> footer;
    if (size >= vhd::sector_size) footer = footer_at(store, size - vhd::sector_size);
    // While a dynamic disk grows or shrinks, it has only the copy.
    if (!footer) footer = footer_at(store, 0);
    if (!footer) refuse(path, vhd::errc::not_a_vhd);
    switch (footer->type) {
    case vhd::disk_type::fixed:
    case vhd::disk_type::dynamic:
    case vhd::disk_type::differencing: return *footer;
    default: refuse(path, vhd::errc::unsupported_type);
    }
}

} // namespace vmtask::virtual_server
