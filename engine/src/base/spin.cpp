// SPDX-License-Identifier: BSL-1.0
#include "base/spin.hpp"

#include <sched.h>

namespace vmtask::detail {
namespace {

int count_processors() noexcept
{
    cpu_set_t usable;
    // More processors than the set has room for are several, too.
    return ::sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : 2;
}

} // namespace

bool has_several_processors() noexcept
{
    static const bool several = count_processors() > 1;
    return several;
}

} // namespace vmtask::detail
