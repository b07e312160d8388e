// SPDX-License-Identifier: BSL-1.0
//
// Stands in front of the system's own function, which the standard library calls.

#include "free_space.hpp"

#include <atomic>
#include <dlfcn.h>
#include <limits>
#include <sys/statvfs.h>

namespace {

constexpr std::uint64_t as_it_is = std::numeric_limits<std::uint64_t>::max();
std::atomic<std::uint64_t> left{as_it_is};

} // namespace

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc's names are its own.
extern "C" int statvfs(const char* path, struct statvfs* status) noexcept
{
    using function = int(const char*, struct statvfs*);
    static auto* const real = reinterpret_cast<function*>(dlsym(RTLD_NEXT, "statvfs"));
    const int result = real(path, status);
    if (result == 0 && left != as_it_is) status->f_bavail = left / status->f_frsize;
    return result;
}

namespace vmtask::test {

free_space::free_space(std::uint64_t bytes) noexcept
{
    left = bytes;
}

free_space::~free_space()
{
    left = as_it_is;
}

} // namespace vmtask::test
