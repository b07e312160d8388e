// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_core.hpp"
#include "base/engine_thread.hpp"
#include "gate/task_terms.hpp"
#include "record/task_record.hpp"
#include "tell/observer_seat.hpp"

namespace vmtask::detail {

/// The engine of the calling worker, if that has just run this task to its end,
/// and so looks for the next one in a moment. Null where it is kept from that by
/// an observer's code, or by the body in whose wait it has run the task.
[[nodiscard]] inline const engine_core* free_worker_after(const task_record& ended) noexcept
{
    const engine_thread* const here = this_engine_thread();
    const bool has_run_it = here && here->kind == thread_kind::worker && here->current == &ended && here->nested == 0;
    return has_run_it && !here->core->observers.is_taken() ? here->core : nullptr;
}

/// What has changed for tasks under the waiting room's lock, to be acted upon when
/// this goes, after the lock: first what has got through is launched, then those
/// are looked at who might stand in a cycle, then those that are to end without
/// having begun are handed to the reaper. None of that waits for code of the user's,
/// so nobody who may begin waits for the end of another.
class moved_tasks {
public:
    moved_tasks() = default;
    /// The calling thread takes one task of that engine itself, in a moment: so
    /// nobody is woken for the first of them.
    explicit moved_tasks(const engine_core* free_here) noexcept : free_here_(free_here) {}
    moved_tasks(const moved_tasks&) = delete;
    moved_tasks& operator=(const moved_tasks&) = delete;
    ~moved_tasks();

    /// It may begin; or it has failed, if it says so.
    void add(task_terms& moved) noexcept;
    /// It waits for something else than before.
    void add_to_check(task_terms& waiting) noexcept;

private:
    using link = task_terms* task_terms::*;
    struct list {
        task_terms* first = nullptr;
        task_terms* last = nullptr;
    };

    static void push(list& into, task_terms& added, link next) noexcept;
    [[nodiscard]] static task_terms* pop(list& from, link next) noexcept;
    void launch(task_record& launched) noexcept;

    const engine_core* free_here_ = nullptr;
    list launched_;
    list checked_;
    list failed_;
};

} // namespace vmtask::detail
