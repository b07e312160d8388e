// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/mpsc_queue.hpp"
#include "base/ranked_mutex.hpp"
#include "base/small_mutex.hpp"
#include "record/task_record.hpp"
#include "run/reaper.hpp"

namespace vmtask::detail {

/// Tasks that are on their way out and have something of the user's to destroy,
/// which the reaper does. A task is in no other list meanwhile.
///
/// Thread safety: all members.
class reaped_tasks final {
public:
    explicit reaped_tasks(reaper& by) noexcept : ending_(by), retired_(by), released_(by), destroyed_(by) {}

    /// Has a task that somebody has claimed, and that is in no queue, finished in
    /// the queue.
    void end(task_record& claimed) noexcept { ending_.add(claimed); }
    /// Has an ended task handed to the scheduler.
    void retire(task_record& ended) noexcept { retired_.add(ended); }
    /// Has the engine's reference to an ended task dropped.
    void release(task_record& ended) noexcept { released_.add(ended); }
    /// Has a task destroyed to which nobody refers any more.
    void destroy(task_record& unreferenced) noexcept { destroyed_.add(unreferenced); }

private:
    /// One task at a time: if that blocks, another thread goes on with the next.
    class line : public reaper::job {
    public:
        explicit line(reaper& by) noexcept : reaper_(by) {}
        void add(task_record& added) noexcept;
        void run() noexcept final;

    protected:
        ~line() = default;

    private:
        virtual void reap(task_record& next) noexcept = 0;
        void ask() noexcept;

        reaper& reaper_;
        mpsc_queue<task_record> tasks_; // taken out under mutex_
        ranked_mutex<lock_rank::reaped_tasks, small_mutex> mutex_;
        std::atomic<bool> is_asked_{false};
    };
    struct ending_line final : line {
        using line::line;
        void reap(task_record& next) noexcept override;
    };
    struct retired_line final : line {
        using line::line;
        void reap(task_record& next) noexcept override { next.retire(); }
    };
    struct released_line final : line {
        using line::line;
        void reap(task_record& next) noexcept override { next.release_engines_reference(); }
    };
    struct destroyed_line final : line {
        using line::line;
        void reap(task_record& next) noexcept override { next.destroy(); }
    };

    ending_line ending_;
    retired_line retired_;
    released_line released_;
    destroyed_line destroyed_;
};

} // namespace vmtask::detail
