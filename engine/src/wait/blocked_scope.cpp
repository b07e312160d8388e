// SPDX-License-Identifier: BSL-1.0
#include "wait/blocked_scope.hpp"

#include "base/engine_core.hpp"
#include "run/event_loop.hpp"
#include "run/reaper.hpp"
#include "run/worker_pool.hpp"
#include "tell/counters.hpp"
#include "wait/wait_graph.hpp"

#include <algorithm>
#include <utility>

namespace vmtask::detail {
namespace {

/// Bodies that a thread runs one inside the other at most: they share its stack.
constexpr int most_nested = 16;

} // namespace

blocked_scope::blocked_scope(wait_kind kind, blocked_wait::targets tasks, steady_time deadline)
    : self_(find_thread(tasks)), wait_(kind, tasks), deadline_(deadline)
{
    if (!self_) return;
    verdict_ = enter();
    const bool is_refused = verdict_ == verdict::would_deadlock || verdict_ == verdict::no_worker;
    if (is_refused) self_->core->rare.count_refused_wait();
}

blocked_scope::~blocked_scope()
{
    if (self_ && verdict_ == verdict::pending) leave();
    if (visitor_) self_->core->loop.foreign()->leave(*visitor_);
}

engine_thread* blocked_scope::find_thread(blocked_wait::targets tasks) noexcept
{
    if (engine_thread* const here = this_engine_thread()) return here;
    engine_core* seen = nullptr;
    for (const task_record* const each : tasks) {
        engine_core& core = each->core();
        if (&core == std::exchange(seen, &core)) continue;
        foreign_loop* const loop = core.loop.foreign();
        if (!loop || !loop->runs_here()) continue;
        loop->enter(visitor_.emplace(core));
        return &visitor_->self;
    }
    return nullptr;
}

wait_status blocked_scope::status() const noexcept
{
    switch (verdict_) {
    case verdict::timed_out: return wait_status::timed_out;
    case verdict::no_worker: return wait_status::no_worker;
    case verdict::would_deadlock:
    case verdict::pending: break;
    }
    return wait_status::would_deadlock;
}

blocked_scope::verdict blocked_scope::enter()
{
    switch (wait_graph::enter(*self_, wait_, deadline_)) {
    case wait_graph::answer::would_deadlock: return verdict::would_deadlock;
    case wait_graph::answer::out_of_time: return verdict::timed_out;
    case wait_graph::answer::goes_on: break;
    }
    run_queued();
    const auto has_ended = [](const task_record* task) { return task->ended(); };
    if (std::all_of(wait_.tasks().begin(), wait_.tasks().end(), has_ended) || begin_blocking()) return verdict::pending;
    wait_graph::leave(*self_);
    return verdict::no_worker;
}

/// Not those of a wait with a limit, whose bodies could take longer than that; nor
/// those of a wait for any, which the first to end decides.
void blocked_scope::run_queued()
{
    const bool may_run = self_->kind == thread_kind::worker && deadline_ == deadline_never
        && wait_.kind() == wait_kind::all && self_->nested < most_nested;
    if (!may_run) return;
    for (task_record* const each : wait_.tasks())
        if (&each->core() == self_->core && each->kind() == body_kind::blocking && each->state() == task_state::queued)
            self_->core->workers.run_here(*each, *self_);
}

/// The thread's engine gives its place to another.
bool blocked_scope::begin_blocking() noexcept
{
    engine_core& core = *self_->core;
    switch (self_->kind) {
    case thread_kind::worker: return is_compensated_ = core.workers.begin_blocking();
    case thread_kind::reaper: return is_compensated_ = core.reaper.begin_blocking();
    case thread_kind::event_loop:
    case thread_kind::timer_loop: break;
    }
    return true;
}

void blocked_scope::leave() noexcept
{
    if (is_compensated_) {
        if (self_->kind == thread_kind::worker) self_->core->workers.end_blocking();
        else self_->core->reaper.end_blocking();
    }
    wait_graph::leave(*self_);
}

} // namespace vmtask::detail
