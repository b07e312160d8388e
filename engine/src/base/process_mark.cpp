// SPDX-License-Identifier: BSL-1.0
#include "base/process_mark.hpp"

#include <vmtask/detail/block_memory.hpp>

#include <system_error>

#include <pthread.h>

namespace vmtask::detail {

constinit std::atomic<unsigned> process_mark::generation_now{0};

void count_fork() noexcept
{
    process_mark::generation_now.fetch_add(1, std::memory_order_relaxed);
}

namespace {

extern "C" void vmtask_before_fork()
{
    hold_blocks();
}
extern "C" void vmtask_after_fork_in_parent()
{
    let_blocks_go();
}
extern "C" void vmtask_after_fork_in_child()
{
    let_blocks_go();
    count_fork();
}

void watch_forks()
{
    static const int failure =
        ::pthread_atfork(&vmtask_before_fork, &vmtask_after_fork_in_parent, &vmtask_after_fork_in_child);
    if (failure != 0) throw std::system_error(failure, std::generic_category());
}

/// The first that is made has to watch before it looks.
unsigned generation_watched(const std::atomic<unsigned>& now)
{
    watch_forks();
    return now.load(std::memory_order_relaxed);
}

} // namespace

process_mark::process_mark() : generation_(generation_watched(generation_now)) {}

} // namespace vmtask::detail
