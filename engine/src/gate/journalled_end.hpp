// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_core.hpp"
#include "record/task_record.hpp"
#include "run/reaper.hpp"
#include "tell/journal_call.hpp"

#include <vmtask/task_state.hpp>

#include <atomic>

namespace vmtask::detail {

/// The end of a journalled task, from its offer to the journal's answer. Part of the
/// task, so that an end needs no memory.
class journalled_end final : public journal_call, public reaper::job {
public:
    explicit journalled_end(task_record& task) noexcept : journal_call(task.core()), task_(task) {}

    /// To be called before the offer.
    void begin(task_state terminal) noexcept
    {
        terminal_ = terminal;
        is_offered_.store(true, std::memory_order_release);
    }
    /// The task does nothing any more; only the journal keeps it from its end.
    [[nodiscard]] bool is_offered() const noexcept { return is_offered_.load(std::memory_order_acquire); }

private:
    void go_on() noexcept override { core().reaper.add(*this); }
    void run() noexcept override { task_.end_journalled(terminal_); }

    task_record& task_; // which the engine refers to until it has ended
    task_state terminal_ = task_state::queued;
    std::atomic<bool> is_offered_{false};
};

} // namespace vmtask::detail
