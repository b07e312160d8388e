// SPDX-License-Identifier: BSL-1.0
#include "wait_graph.hpp"

#include "engine_core.hpp"
#include "task_terms.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace vmtask::detail {
namespace {

constinit std::mutex graph_mutex;

} // namespace

/// What a task waits for by itself, without a thread: its parts, and what must
/// end before it begins. Made by a search, for that search.
struct wait_graph::prerequisites {
    explicit prerequisites(std::vector<intrusive_ptr<task_record>>&& needed) : held(std::move(needed))
    {
        tasks.reserve(held.size());
        for (const auto& each : held) tasks.push_back(each.get());
        wait.emplace(wait_kind::all, tasks);
    }
    prerequisites(const prerequisites&) = delete;
    prerequisites& operator=(const prerequisites&) = delete;

    std::vector<intrusive_ptr<task_record>> held;
    std::vector<task_record*> tasks;
    std::optional<blocked_wait> wait;
};

/// Finds out which of the waits can end, beginning from one: those that follow
/// from what gets on, and no others, so that a cycle proves nothing.
///
/// For waits of threads it allocates nothing: they are linked through
/// themselves, and what it knows of them stands there. It needs memory for tasks
/// that wait by themselves; without any it finds no deadlock among these.
class wait_graph::search {
public:
    search() = default;
    search(const search&) = delete;
    search& operator=(const search&) = delete;

    /// Under the graph's lock. The search goes after the lock: what it holds may
    /// be a task's last reference, and run code of the user's.
    [[nodiscard]] bool can_end_locked(blocked_wait& asked) noexcept
    {
        // Depth first, which is enough where there is no cycle: each wait is
        // looked at once.
        explore(asked);
        // In a cycle somebody was asked before it was known what he waits for.
        do {
            learnt_ = false;
            // The list grows at its end while we walk it.
            for (blocked_wait* wait = first_; wait; wait = wait->next_visited_) look_at(*wait);
        } while (learnt_);
        const bool can_end = asked.can_end_;
        forget_marks_locked();
        return can_end;
    }

private:
    void forget_marks_locked() noexcept
    {
        for (blocked_wait* seen = std::exchange(first_, nullptr); seen;) {
            blocked_wait* const next = seen->next_visited_;
            seen->next_visited_ = nullptr;
            seen->visited_ = false;
            seen->can_end_ = false;
            seen = next;
        }
    }

    bool explore(blocked_wait& wait) noexcept
    {
        if (wait.visited_) return wait.can_end_;
        mark(wait);
        // A long line of tasks is looked at in pieces, to spare the stack.
        constexpr int deepest = 200;
        if (depth_ == deepest) return false;
        ++depth_;
        look_at(wait);
        --depth_;
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
        blocked_wait* const own = wait_of(task);
        if (own && !explore(*own)) return false;
        if (task.blocked_in_) return explore(*task.blocked_in_);
        // A queued body gets a worker, as the pool sees to that; a coroutine
        // needs a thread of the event loop, whether queued or running.
        return !task.runs_on_event_loop() || loop_gets_on(task.core());
    }

    /// What the task waits for by itself; null when that is nothing.
    [[nodiscard]] blocked_wait* wait_of(task_record& task) noexcept
    {
        try {
            const auto known = prerequisites_.find(&task);
            if (known != prerequisites_.end()) return &*known->second.wait;
            auto needed = task.parts();
            if (task.terms() && task.state() == task_state::queued) {
                task.core().room().for_each_before(task, [&](task_record& before) { needed.push_back(share(before)); });
            }
            if (needed.empty()) return nullptr;
            return &*prerequisites_.try_emplace(&task, std::move(needed)).first->second.wait;
        } catch (const std::bad_alloc&) {
            return nullptr; // as if it waited for nothing
        }
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

    std::map<const task_record*, prerequisites> prerequisites_;
    blocked_wait* first_ = nullptr;
    blocked_wait* last_ = nullptr;
    int depth_ = 0;
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
    search from_here;
    const std::lock_guard lock(graph_mutex);
    self.current = waiting;
    // Noted first: that the caller will be blocked is part of the question.
    note(self, &wait);
    if (from_here.can_end_locked(wait)) return true;
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
