// SPDX-License-Identifier: BSL-1.0
//
// The program's operator new, replaced: it counts what each thread allocates,
// and can refuse it.
#pragma once

#include <new>

namespace vmtask::test {

/// How often this thread has allocated.
extern constinit thread_local long allocations;
/// How many allocations this thread may still make; negative: any number.
extern constinit thread_local long allowance;

/// How many allocations this thread makes while it does `act`.
template <class Act>
long allocations_in(Act act)
{
    const long before = allocations;
    act();
    return allocations - before;
}

/// Does `act` again and again, with one allocation more each time, until none
/// fails, and `look` after each time that one did; returns how often that was.
template <class Act, class Look>
int fail_each_allocation_in(Act act, Look look)
{
    for (int failures = 0;; ++failures) {
        try {
            allowance = failures;
            act();
            allowance = -1;
            return failures;
        } catch (const std::bad_alloc&) {
            allowance = -1;
            look();
        }
    }
}

template <class Act>
int fail_each_allocation_in(Act act)
{
    return fail_each_allocation_in(act, [] {});
}

} // namespace vmtask::test
