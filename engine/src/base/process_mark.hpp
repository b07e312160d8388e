// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>

namespace vmtask::detail {

/// Remembers the process in which it was made: threads that were started there are
/// not in a child that was forked later, however much of their work is.
class process_mark {
public:
    /// Throws std::system_error when there is no memory to be told of forks.
    process_mark();

    /// True in such a child.
    [[nodiscard]] bool is_left_behind() const noexcept
    {
        return generation_ != generation_now.load(std::memory_order_relaxed);
    }

private:
    friend void count_fork() noexcept;
    static constinit std::atomic<unsigned> generation_now;

    const unsigned generation_;
};

} // namespace vmtask::detail
