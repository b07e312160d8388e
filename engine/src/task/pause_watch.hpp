// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "record/task_record.hpp"
#include "run/reaper.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace vmtask::detail {

/// Calls back when a task is paused or resumed, on the event loop: what is so when it
/// gets its turn there, if that differs from what it said last.
///
/// Thread safety: all members.
class pause_watch final : public reaper::job, public std::enable_shared_from_this<pause_watch> {
public:
    pause_watch(task_record& watched, std::function<void(bool)> callback) noexcept
        : task_(&watched), callback_(std::move(callback))
    {
    }

    /// Lists it with the task. Throws std::bad_alloc.
    void open();
    /// No call comes after it; see pause_subscription.
    void close() noexcept;
    /// Under the task's lock: has it look. Never fails, which is why the reaper hands it
    /// on to the event loop.
    void note_change() noexcept;

private:
    void run() noexcept override;
    void look();
    [[nodiscard]] bool begin_call();
    [[nodiscard]] bool end_call() noexcept;
    void abandon_call() noexcept;

    const intrusive_ptr<task_record> task_;
    std::shared_ptr<pause_watch> asked_; // itself, until the reaper has it; under the task's lock
    bool told_ = false;                  // by whoever calls

    ranked_mutex<lock_rank::pause_watch, std::mutex> mutex_;
    std::condition_variable_any called_;
    std::function<void(bool)> callback_;               // of whoever calls; or nobody does any more
    std::thread::id caller_ VMTASK_GUARDED_BY(mutex_); // of the callback; none
    bool is_to_look_again_ VMTASK_GUARDED_BY(mutex_) = false;
    bool is_closed_ VMTASK_GUARDED_BY(mutex_) = false;
};

} // namespace vmtask::detail
