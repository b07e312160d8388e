// SPDX-License-Identifier: BSL-1.0
#include "wait_graph.hpp"

#include "engine_core.hpp"

#include <mutex>

namespace vmtask::detail {
namespace {

constinit std::mutex graph_mutex;

} // namespace

/// Looks for something that gets on, from task to task. It allocates nothing:
/// a task has one way out, and a coroutine's ways out are the threads of its
/// event loop, each visited once.
class wait_graph::search {
public:
    search(engine_thread& self, const task_record* waiting) noexcept : self_(self), waiting_(waiting) {}
    search(const search&) = delete;
    search& operator=(const search&) = delete;
    ~search()
    {
        for (engine_thread* seen = seen_; seen;) {
            engine_thread* const next = seen->next_to_visit;
            seen->next_to_visit = nullptr;
            seen->visited = false;
            seen = next;
        }
    }

    [[nodiscard]] bool can_end(task_record& target) noexcept
    {
        if (gets_on(&target)) return true;
        // The list grows at its end while we walk it.
        for (engine_thread* thread = seen_; thread; thread = thread->next_to_visit) {
            if (thread == &self_) continue; // it is about to block
            if (!thread->waits_for || gets_on(thread->waits_for)) return true;
        }
        return false;
    }

private:
    /// Follows one chain of waits. False when it ends at ourselves, or goes on
    /// through the threads of an event loop, which are then to be visited.
    [[nodiscard]] bool gets_on(task_record* task) noexcept
    {
        for (; task; task = task->waits_for_) {
            if (task == waiting_) return false;
            const task_state state = task->state();
            if (is_terminal(state) || state == task_state::queued) return visit_later_if_queued_coroutine(*task, state);
            if (task->runs_on_event_loop() && !task->waits_for_) return visit_later(*task);
        }
        return true; // it runs and waits for nobody
    }

    bool visit_later_if_queued_coroutine(task_record& task, task_state state) noexcept
    {
        // A queued body gets a worker, as the pool sees to that; a queued
        // coroutine needs the event loop like a running one.
        if (is_terminal(state) || !task.runs_on_event_loop()) return true;
        return visit_later(task);
    }

    bool visit_later(task_record& task) noexcept
    {
        task.core().loop().threads().for_each_thread([this](engine_thread& thread) {
            if (thread.visited) return;
            thread.visited = true;
            (last_seen_ ? last_seen_->next_to_visit : seen_) = &thread;
            last_seen_ = &thread;
        });
        return false;
    }

    engine_thread& self_;
    const task_record* waiting_; // the task that is about to wait, if it is one
    engine_thread* seen_ = nullptr;
    engine_thread* last_seen_ = nullptr;
};

/// The task whose body is on the thread's stack; null when there is none.
task_record* wait_graph::current_task(engine_thread& self) noexcept
{
    return self.kind == thread_kind::event_loop ? self.core->coroutine_on_this_thread() : self.current;
}

bool wait_graph::enter(engine_thread& self, task_record& target) noexcept
{
    if (self.kind == thread_kind::timer_loop) return false;
    task_record* const waiting = current_task(self);
    const std::lock_guard lock(graph_mutex);
    if (!search(self, waiting).can_end(target)) return false;
    self.waits_for = &target;
    self.current = waiting;
    if (waiting) waiting->waits_for_ = &target;
    return true;
}

void wait_graph::leave(engine_thread& self) noexcept
{
    const std::lock_guard lock(graph_mutex);
    self.waits_for = nullptr;
    if (self.current) self.current->waits_for_ = nullptr;
    if (self.kind == thread_kind::event_loop) self.current = nullptr;
}

} // namespace vmtask::detail
