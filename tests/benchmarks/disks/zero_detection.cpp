// SPDX-License-Identifier: BSL-1.0
//
// Row 4: whether a block holds only zeros, beside what the C library has for
// looking at every byte of it.

#include "disks/make_disk.hpp"
#include "disks/rows.hpp"
#include "harness/stopwatch.hpp"

#include <vmtask/vhd/zero.hpp>

#include <cstddef>
#include <cstring>
#include <vector>

namespace vmtask::benchmark {
namespace {

using block = std::vector<std::byte>;

/// Nanoseconds for each block; `look(block)` looks at every byte of it.
template <class Look>
measurements measure(const effort& how_much, Look look)
{
    const block zeros(block_bytes);
    const std::uint64_t count = how_much.disk_bytes / block_bytes;
    keep(look(zeros));
    const stopwatch time;
    for (std::uint64_t i = 0; i < count; ++i) {
        keep(zeros);
        keep(look(zeros));
    }
    return {{"each", time.nanoseconds() / static_cast<double>(count)}};
}

measurements ours(const effort& how_much)
{
    return measure(how_much, [](const block& bytes) { return vhd::is_zero(bytes); });
}

measurements by_memchr(const effort& how_much)
{
    return measure(how_much, [](const block& bytes) { return std::memchr(bytes.data(), 1, bytes.size()) == nullptr; });
}

measurements by_memcmp(const effort& how_much)
{
    const block zeros(block_bytes);
    return measure(how_much,
                   [&](const block& bytes) { return std::memcmp(bytes.data(), zeros.data(), bytes.size()) == 0; });
}

} // namespace

group zero_detection()
{
    const quantity us{"zero/ours", "each"};
    return {{{"zero/ours", "ours", ours},
             {"zero/memchr", "memchr", by_memchr},
             {"zero/memcmp", "memcmp with zeros", by_memcmp}},
            {{4, "a block of 2 MiB is found to be zero", "ns each", us, {"zero/memchr", "each"}, 1.2},
             {4, "a block of 2 MiB is found to be zero", "ns each", us, {"zero/memcmp", "each"}, 1.2}}};
}

} // namespace vmtask::benchmark
