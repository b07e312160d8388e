// SPDX-License-Identifier: BSL-1.0
#include "wait_graph.hpp"

#include "engine_core.hpp"

#include <algorithm>
#include <mutex>

namespace vmtask::detail {
namespace {

constinit std::mutex graph_mutex;

} // namespace

/// Finds out which of the blocked waits can end, beginning from one: those that
/// follow from what gets on, and no others, so that a cycle proves nothing.
///
/// It allocates nothing: the waits that it has visited are linked through
/// themselves, and what it knows of them stands there.
class wait_graph::search {
public:
    search() = default;
    search(const search&) = delete;
    search& operator=(const search&) = delete;
    ~search()
    {
        for (blocked_wait* seen = first_; seen;) {
            blocked_wait* const next = seen->next_visited_;
            seen->next_visited_ = nullptr;
            seen->visited_ = false;
            seen->can_end_ = false;
            seen = next;
        }
    }

    [[nodiscard]] bool can_end(blocked_wait& asked) noexcept
    {
        // Depth first, which is enough where there is no cycle: each wait is
        // looked at once. As deep as threads are blocked one behind the other.
        explore(asked);
        // In a cycle somebody was asked before it was known what he waits for.
        do {
            learnt_ = false;
            // The list grows at its end while we walk it.
            for (blocked_wait* wait = first_; wait; wait = wait->next_visited_) look_at(*wait);
        } while (learnt_);
        return asked.can_end_;
    }

private:
    bool explore(blocked_wait& wait) noexcept
    {
        if (!wait.visited_) {
            mark(wait);
            look_at(wait);
        }
        return wait.can_end_;
    }

    void look_at(blocked_wait& wait) noexcept
    {
        if (wait.can_end_ || !follows(wait)) return;
        wait.can_end_ = true;
        learnt_ = true;
    }

    void mark(blocked_wait& wait) noexcept
    {
        wait.visited_ = true;
        (last_ ? last_->next_visited_ : first_) = &wait;
        last_ = &wait;
    }

    [[nodiscard]] bool follows(const blocked_wait& wait) noexcept
    {
        const auto can_end = [this](task_record* task) { return gets_on(*task); };
        if (wait.kind_ == wait_kind::all) return std::all_of(wait.tasks_.begin(), wait.tasks_.end(), can_end);
        return std::any_of(wait.tasks_.begin(), wait.tasks_.end(), can_end);
    }

    [[nodiscard]] bool gets_on(task_record& task) noexcept
    {
        if (task.ended()) return true;
        if (task.blocked_in_) return explore(*task.blocked_in_);
        // A queued body gets a worker, as the pool sees to that; a coroutine
        // needs a thread of the event loop, whether queued or running.
        return !task.runs_on_event_loop() || loop_gets_on(task.core());
    }

    [[nodiscard]] bool loop_gets_on(engine_core& core) noexcept
    {
        bool gets_on = false;
        // Under the lock of the loop's threads, to which the search may lead
        // back: so what blocks them is only put down, to be looked at later.
        core.loop().threads().for_each_thread([&](const engine_thread& thread) {
            blocked_wait* const wait = thread.blocked_in;
            if (wait && !wait->visited_) mark(*wait);
            if (!wait || wait->can_end_) gets_on = true;
        });
        return gets_on;
    }

    blocked_wait* first_ = nullptr;
    blocked_wait* last_ = nullptr;
    bool learnt_ = false;
};

/// The task whose body is on the thread's stack; null when there is none.
task_record* wait_graph::current_task(engine_thread& self) noexcept
{
    return self.kind == thread_kind::event_loop ? self.core->coroutine_on_this_thread() : self.current;
}

void wait_graph::note(engine_thread& self, blocked_wait* wait) noexcept
{
    self.blocked_in = wait;
    if (self.current) self.current->blocked_in_ = wait;
}

bool wait_graph::enter(engine_thread& self, blocked_wait& wait) noexcept
{
    if (self.kind == thread_kind::timer_loop) return false;
    task_record* const waiting = current_task(self);
    const std::lock_guard lock(graph_mutex);
    self.current = waiting;
    // Noted first: that the caller will be blocked is part of the question.
    note(self, &wait);
    if (search().can_end(wait)) return true;
    note(self, nullptr);
    if (self.kind == thread_kind::event_loop) self.current = nullptr;
    return false;
}

void wait_graph::leave(engine_thread& self) noexcept
{
    const std::lock_guard lock(graph_mutex);
    note(self, nullptr);
    if (self.kind == thread_kind::event_loop) self.current = nullptr;
}

} // namespace vmtask::detail
