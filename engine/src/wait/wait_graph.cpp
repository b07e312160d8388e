// SPDX-License-Identifier: BSL-1.0
#include "wait/wait_graph.hpp"

#include "base/engine_core.hpp"
#include "base/ranked_mutex.hpp"
#include "run/scheduler.hpp"
#include "wait/blocking_waiter.hpp"
#include "wait/wait_search.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <utility>

namespace vmtask::detail {
namespace {

/// For those who have found a cycle: one at a time confirms it and gives way.
constinit ranked_mutex<lock_rank::wait_graph, std::mutex> confirming_mutex;

/// Whether the task gets to its end without anybody's help, as far as a glance
/// tells: so it is with most that are waited for.
bool gets_on(const task_record& task) noexcept
{
    if (task.ended()) return true;
    if (task.has_parts() || task.is_blocked() || task.kind() == body_kind::coroutine) return false;
    return !task.terms() || task.state() != task_state::queued;
}

bool gets_on(const blocked_wait& wait) noexcept
{
    const auto task_gets_on = [](const task_record* task) { return gets_on(*task); };
    if (wait.kind() == wait_kind::all) return std::all_of(wait.tasks().begin(), wait.tasks().end(), task_gets_on);
    return std::any_of(wait.tasks().begin(), wait.tasks().end(), task_gets_on);
}

/// From now on the task is known to be awaited, so that whatever it comes to wait
/// for is looked through: by a wait that is listed and taken back.
void note_awaited(task_record& task) noexcept
{
    blocking_waiter noted(deadline_never);
    if (task.add_waiter(noted) && !noted.withdraw()) (void)noted.wait();
}

} // namespace

/// The task whose body is on the thread's stack; null when there is none.
task_record* wait_graph::current_task(engine_thread& self) noexcept
{
    if (self.kind != thread_kind::event_loop) return self.current;
    return self.core->scheduler.find_if([](const task_record& known) { return known.is_on_this_thread(); });
}

void wait_graph::note(engine_thread& self, const blocked_wait* wait) noexcept
{
    {
        const mutex_guard lock(self.wait_mutex);
        self.blocked_in = wait;
    }
    if (self.current) self.current->set_blocked(wait);
}

wait_graph::answer wait_graph::enter(engine_thread& self, blocked_wait& wait, steady_time deadline) noexcept
{
    struct end_of_wait final : way_out {
        explicit end_of_wait(engine_thread& thread) noexcept : self(thread) {}
        void give_way() noexcept override { leave(self); }
        engine_thread& self;
    };
    if (self.kind == thread_kind::timer_loop) return answer::would_deadlock;
    wait.called = {&self, ++self.waits};
    self.current = current_task(self);
    note(self, &wait);
    if (gets_on(wait)) return answer::goes_on;
    for (task_record* const each : wait.tasks()) note_awaited(*each);
    end_of_wait out(self);
    return look(std::as_const(wait), deadline, out);
}

void wait_graph::leave(engine_thread& self) noexcept
{
    note(self, nullptr);
    if (self.kind == thread_kind::event_loop) self.current = nullptr;
}

bool wait_graph::free_if_stuck(task_record& waiting, way_out& out, const task_record* whole) noexcept
{
    return look(waiting, deadline_never, out, whole) == answer::would_deadlock;
}

namespace {

/// The searches of one question. They keep tasks, whose last references they may be:
/// so all of them stay until this goes, without a lock.
template <class Asked>
class inquiry {
public:
    inquiry(Asked& asked, steady_time deadline, const task_record* whole, const std::atomic<std::uint64_t>& withdrawals)
        : asked_(asked), deadline_(deadline), whole_(whole), withdrawals_(withdrawals)
    {
    }

    /// Looks at the nearest of what is in each task's way. When one of these may have
    /// left meanwhile, what was behind it was not looked at: then once more, and in
    /// the end at everything.
    [[nodiscard]] wait_search::verdict search()
    {
        constexpr int most_attempts = 4;
        for (int attempt = 0;; ++attempt) {
            const std::uint64_t before = withdrawals_.load(std::memory_order_seq_cst);
            const bool is_complete = attempt == most_attempts;
            const wait_search::verdict verdict = searches_.emplace_back(deadline_, whole_, is_complete).run(asked_);
            const bool is_sure = is_complete || withdrawals_.load(std::memory_order_seq_cst) == before;
            if (verdict != wait_search::verdict::can_end || is_sure) return verdict;
        }
    }

    [[nodiscard]] bool last_confirms(const wait_search& earlier) const { return last().confirms(earlier); }
    [[nodiscard]] const wait_search& last() const { return searches_.back(); }

private:
    Asked& asked_;
    const steady_time deadline_;
    const task_record* const whole_;
    const std::atomic<std::uint64_t>& withdrawals_;
    std::deque<wait_search> searches_;
};

} // namespace

/// A cycle counts when two searches have seen the same: what they see in between
/// may be of different moments. Where tasks move all the time it is looked for again.
template <class Asked>
wait_graph::answer wait_graph::look(Asked& asked, steady_time deadline, way_out& out, const task_record* whole) noexcept
{
    constexpr int most_confirmations = 8;
    try {
        inquiry<Asked> searches(asked, deadline, whole, withdrawals);
        wait_search::verdict verdict = searches.search();
        if (verdict == wait_search::verdict::stuck) {
            const mutex_guard lock(confirming_mutex);
            for (int confirmation = 0; confirmation < most_confirmations; ++confirmation) {
                const wait_search& earlier = searches.last();
                verdict = searches.search();
                if (verdict != wait_search::verdict::stuck || searches.last_confirms(earlier)) break;
            }
            if (verdict != wait_search::verdict::can_end) out.give_way();
        } else if (verdict == wait_search::verdict::out_of_time) {
            out.give_way();
        }
        switch (verdict) {
        case wait_search::verdict::can_end: break;
        case wait_search::verdict::stuck: return answer::would_deadlock;
        case wait_search::verdict::out_of_time: return answer::out_of_time;
        }
    } catch (const std::bad_alloc&) {
        return answer::goes_on; // without memory no cycle is found
    }
    return answer::goes_on;
}

} // namespace vmtask::detail
