// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <utility>

namespace vmtask::benchmark {

/// An arena of as many workers as asked for. The calling thread has no place
/// in it, but TBB counts it among the threads that it allows.
class tbb_arena {
public:
    explicit tbb_arena(std::size_t worker_count)
        : allowed_(tbb::global_control::max_allowed_parallelism, worker_count + 1),
          arena_(static_cast<int>(worker_count), 0)
    {
    }

    template <class Function>
    void enqueue(Function&& function)
    {
        arena_.enqueue(std::forward<Function>(function));
    }

private:
    tbb::global_control allowed_;
    tbb::task_arena arena_;
};

} // namespace vmtask::benchmark
