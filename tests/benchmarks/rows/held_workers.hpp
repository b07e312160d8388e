// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "rows/await_end.hpp"

#include <vmtask/engine.hpp>

#include <cstddef>
#include <latch>
#include <vector>

namespace vmtask::benchmark {

/// Blocks all workers of an engine, each in a task, until they are let go.
class held_workers {
public:
    held_workers(engine& pool, std::size_t worker_count) : begun_(static_cast<std::ptrdiff_t>(worker_count))
    {
        for (std::size_t i = 0; i < worker_count; ++i) {
            tasks_.push_back(pool.post([this](task_context&) {
                begun_.count_down();
                let_go_.wait();
            }));
        }
        begun_.wait();
    }
    ~held_workers()
    {
        let_go();
        for (const task<>& each : tasks_) await_end(each);
    }
    held_workers(const held_workers&) = delete;
    held_workers& operator=(const held_workers&) = delete;

    void let_go()
    {
        if (!let_go_.try_wait()) let_go_.count_down();
    }
    /// One of the tasks that block them.
    [[nodiscard]] const task<>& task_in_way() const { return tasks_.front(); }

private:
    std::latch begun_;
    std::latch let_go_{1};
    std::vector<task<>> tasks_;
};

} // namespace vmtask::benchmark
