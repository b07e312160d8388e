// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine_core.hpp"
#include "engine_thread.hpp"
#include "task_terms.hpp"
#include "waiting_room.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>
#include <vmtask/detail/task_record.hpp>

namespace vmtask::detail {

/// The engine of the calling worker, if that has just run this task to its end,
/// and so looks for the next one in a moment. Null where it is kept from that by
/// an observer's code.
[[nodiscard]] inline const engine_core* free_worker_after(const task_record& ended) noexcept
{
    const engine_thread* const here = this_engine_thread();
    const bool has_run_it = here && here->kind == thread_kind::worker && here->current == &ended;
    return has_run_it && !here->core->observer() ? here->core : nullptr;
}

/// What has got through under the lock, to be launched after it; and what is to
/// end without having begun.
///
/// An end may move others in turn. These join the list of the outermost on this
/// thread, so that a long line of tasks that fall one after the other does not
/// become as long a line of calls.
class waiting_room::moved_tasks {
public:
    moved_tasks() = default;
    /// The calling thread takes one task of that engine itself, in a moment: so
    /// nobody is woken for the first of them.
    explicit moved_tasks(const engine_core* free_here) noexcept : free_here_(free_here) {}
    moved_tasks(const moved_tasks&) = delete;
    moved_tasks& operator=(const moved_tasks&) = delete;
    ~moved_tasks()
    {
        thread_local moved_tasks* outermost = nullptr;
        if (outermost) {
            outermost->append(*this);
            return;
        }
        outermost = this;
        while (first_) settle(pop());
        outermost = nullptr;
    }

    void add(task_terms& moved) noexcept
    {
        moved.task.add_reference();
        moved.next_moved = nullptr;
        (last_ ? last_->next_moved : first_) = &moved;
        last_ = &moved;
    }

private:
    void append(moved_tasks& others) noexcept
    {
        if (!others.first_) return;
        (last_ ? last_->next_moved : first_) = others.first_;
        last_ = others.last_;
    }

    task_terms& pop() noexcept
    {
        task_terms* const popped = first_;
        first_ = popped->next_moved;
        if (!first_) last_ = nullptr;
        return *popped;
    }

    void settle(task_terms& moved) noexcept
    {
        const intrusive_ptr<task_record> held(&moved.task, adopt_reference);
        engine_core& core = moved.task.core();
        if (moved.failure) {
            moved.task.fail_in_queue(moved.failure);
        } else if (&core == free_here_ && moved.task.runs_on_worker()) {
            if (core.board().make_ready(moved.task)) free_here_ = nullptr;
        } else {
            moved.task.launch();
        }
    }

    const engine_core* free_here_ = nullptr;
    task_terms* first_ = nullptr;
    task_terms* last_ = nullptr;
};

} // namespace vmtask::detail
