// SPDX-License-Identifier: BSL-1.0
//
// What is asked of a task while it is there: to cancel, to stay, to go on.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "record/lifecycle.hpp"
#include "run/event_loop.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"
#include "task/journal_requests.hpp"
#include "task/pause_watch.hpp"
#include "task/valid_options.hpp"
#include "tell/journal.hpp"
#include "wait/blocking_waiter.hpp"

#include <vmtask/detail/engine_access.hpp>
#include <vmtask/error.hpp>
#include <vmtask/obstacle.hpp>

#include <asio/post.hpp>

#include <mutex>
#include <new>
#include <stop_token>

namespace vmtask::detail {

std::error_code task_record::request_cancel(std::string_view by, cancel_origin origin)
{
    if (origin == cancel_origin::caller && is_journalled()) return cancel_durably(by);
    return carry_out_cancel(ask_to_cancel(by, origin, &status_word::request_cancel));
}

/// Blocks until the journal has it.
std::error_code task_record::cancel_durably(std::string_view by)
{
    if (const std::error_code refusal = refusal_of_cancel()) return refusal;
    if (has_kept_cancel()) return {};
    if (const std::error_code lost = offer_cancel(*this, by)) return lost;
    const auto answer = ask_to_cancel(by, cancel_origin::caller, &status_word::request_cancel);
    const std::error_code refusal = carry_out_cancel(answer);
    if (refusal) tell_journal(*this, &task_journal::cancel_withdrawn);
    return refusal;
}

/// What would not be cancelled is not worth to be kept.
std::error_code task_record::refusal_of_cancel() const noexcept
{
    if (ended() || terms()->journalled->is_offered()) return errc::already_ended;
    if (!cancelable()) return errc::not_cancelable;
    return {};
}

/// A caller has been told so before.
bool task_record::has_kept_cancel() const noexcept
{
    const mutex_guard lock(mutex_);
    return cancel_origin_ == cancel_origin::caller;
}

status_word::cancel_answer
task_record::ask_to_cancel(std::string_view by, cancel_origin origin,
                           status_word::cancel_answer (status_word::*ask)() noexcept) noexcept
{
    using cancel_answer = status_word::cancel_answer;
    // Who sees a cancel also sees whose it was.
    const mutex_guard lock(mutex_);
    if (terms() && terms()->journalled && terms()->journalled->is_offered())
        return cancel_answer::refused_already_ended;
    const cancel_answer answer = (status_.*ask)();
    if (answer == cancel_answer::claimed || answer == cancel_answer::requested) note_cancel_locked(by, origin);
    return answer;
}

/// Does what the answer to a request to cancel asks for.
std::error_code task_record::carry_out_cancel(status_word::cancel_answer answer) noexcept
{
    switch (answer) {
    case status_word::cancel_answer::refused_already_ended: return errc::already_ended;
    case status_word::cancel_answer::refused_not_cancelable: return errc::not_cancelable;
    case status_word::cancel_answer::requested_before: return {};
    case status_word::cancel_answer::requested:
        request_stop();
        cancel_parts();
        return {};
    case status_word::cancel_answer::claimed:
        set_error(errc::cancelled);
        end_in_queue(task_state::cancelled);
        return {};
    }
    return {};
}

/// The same for a part whose own parts are the caller's to ask.
void task_record::carry_out_own_cancel() noexcept
{
    if (!status_.is_claimed()) return request_stop();
    set_error(errc::cancelled);
    end_in_queue(task_state::cancelled);
}

/// On the reaper. A task that has not begun ends here, and a body that stays in a
/// checkpoint goes on at once, whatever keeps the event loop; what the body has
/// registered for a cancel is called there, as it may take its time.
void task_record::cancel_for_limit(limit_kind kind) noexcept
{
    const auto ask = kind == limit_kind::queued ? &status_word::request_cancel_queued : &status_word::request_cancel;
    carry_out_cancel_elsewhere(ask_to_cancel({}, cancel_origin::time_limit, ask));
}

std::error_code task_record::carry_out_cancel_elsewhere(status_word::cancel_answer answer) noexcept
{
    if (answer != status_word::cancel_answer::requested) return carry_out_cancel(answer);
    let_body_go();
    cancel_parts();
    stop_body_on_loop();
    return {};
}

void task_record::stop_body_on_loop() noexcept
{
    // Made in any case, if only where it is destroyed: with a loop of the caller's, or
    // because it could not be posted.
    class stop_call {
    public:
        explicit stop_call(task_record& stopped) noexcept : stopped_(share(stopped)) {}
        stop_call(stop_call&&) noexcept = default;
        stop_call& operator=(stop_call&&) = delete;
        ~stop_call() { (*this)(); }
        void operator()() noexcept
        {
            const intrusive_ptr<task_record> stopped = std::move(stopped_);
            if (stopped) stopped->stop_body();
        }

    private:
        intrusive_ptr<task_record> stopped_;
    };
    const loop_pin pin(core_);
    if (!pin) return stop_body();
    try {
        asio::post(core_.loop.executor(), stop_call(*this));
    } catch (const std::bad_alloc&) {
        return;
    }
}

/// A body that stays in a checkpoint first: what is called after that may block.
void task_record::request_stop() noexcept
{
    let_body_go();
    stop_body();
}

void task_record::let_body_go() noexcept
{
    announce_cancel();
    unpause();
}

/// Calls what the body has registered for this.
void task_record::stop_body() noexcept
{
    std::stop_source stop{std::nostopstate};
    {
        const mutex_guard lock(mutex_);
        if (extras_now()) stop = extras_now()->stop;
    }
    assert_no_lock_held("stop callbacks are called");
    stop.request_stop();
    on_cancel_requested();
}

std::error_code task_record::pause()
{
    const mutex_guard lock(mutex_);
    task_extras& more = extras_locked();
    if (!status_.hold()) return errc::already_ended;
    ++more.holds;
    tell_pause_watches_locked();
    return {};
}

std::error_code task_record::resume()
{
    {
        const mutex_guard lock(mutex_);
        if (const errc refusal = refusal_of(verb::resume, state()); refusal != errc{}) return refusal;
        if (!extras_now() || extras_now()->holds == 0) return errc::not_paused;
        if (--extras_now()->holds > 0) return {};
        status_.let_go();
        tell_pause_watches_locked();
    }
    unpause();
    core_.scheduler.take_up(*this);
    return {};
}

void task_record::tell_pause_watches_locked() noexcept
{
    for (pause_watch* const each : extras_now()->pause_watches) each->note_change();
}

std::error_code task_record::set_priority(task_priority priority)
{
    if (!is_valid(priority)) return errc::bad_options;
    if (const errc refusal = refusal_of(verb::set_priority, state()); refusal != errc{}) return refusal;
    if (terms()) core_.room.set_priority(*this, priority);
    else core_.scheduler.set_priority(*this, priority);
    return {};
}

obstacle task_record::obstacle_now()
{
    obstacle found;
    if (terms()) found = core_.room.obstacle_of(*this);
    if (found.kind != obstacle_kind::none || state() != task_state::queued) return found;
    found.kind = status_.is_held() ? obstacle_kind::hold : obstacle_kind::worker;
    return found;
}

std::stop_token task_record::stop_token()
{
    std::stop_source stop{std::nostopstate};
    {
        const mutex_guard lock(mutex_);
        std::stop_source& kept = extras_locked().stop;
        if (!kept.stop_possible()) kept = std::stop_source();
        stop = kept;
    }
    assert_no_lock_held("stop callbacks are called");
    // A cancel that came before the source was there has found none to tell.
    if (cancel_requested()) stop.request_stop();
    return stop.get_token();
}

/// A body that blocks is compensated for like one that waits. Where that is not
/// possible it goes on, and is held at a later checkpoint.
void task_record::stay_while_held() noexcept
{
    const engine_thread* const self = this_engine_thread();
    if (self ? self->kind != thread_kind::worker : core_.loop.runs_callers_thread()) return;
    if (self && !self->core->workers.begin_blocking()) return;
    const bool is_told = announce_pause();
    blocking_waiter here(deadline_never);
    if (add_paused(here)) (void)here.wait();
    if (is_told) announce_resumption();
    if (self) self->core->workers.end_blocking();
}

} // namespace vmtask::detail
