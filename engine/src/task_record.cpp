// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/task_record.hpp>

#include "blocked_scope.hpp"
#include "blocking_waiter.hpp"
#include "coarse_clock.hpp"
#include "engine_core.hpp"
#include "error_of.hpp"
#include "limit_watch.hpp"
#include "observe.hpp"
#include "task_terms.hpp"

#include <vmtask/detail/give_up_handler.hpp>
#include <vmtask/detail/lifecycle.hpp>
#include <vmtask/error.hpp>
#include <vmtask/obstacle.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_options.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace vmtask::detail {
namespace {

/// What an unfinished task shows at most: the end is told by the state alone.
constexpr int most_unfinished_percent = 99;
const double most_unfinished_fraction = std::nextafter(1.0, 0.0);

/// Codes with which a body gives way to a cancel: its own checkpoint's, and
/// that of Asio's operations when their slot is told.
bool says_cancelled(std::error_code code) noexcept
{
    return code == errc::cancelled || code == asio::error::operation_aborted;
}

/// Whether the options ask for more than a place in the queue.
bool has_terms(const task_options& options) noexcept
{
    return !options.kind.empty() || !options.initiator.empty() || !options.reason.empty() || !options.lane.empty()
        || !options.claims.empty() || !options.after.empty() || options.parent || !options.limits.empty()
        || options.retry || options.stop.stop_possible() || options.priority != task_priority::normal;
}

} // namespace

task_record::task_record(engine_core& core, std::uint64_t id) noexcept
    : core_(core), id_(id), status_(true), began_at_(coarse_now()), queued_at_(began_at_)
{
}

task_record::task_record(engine_core& core, std::uint64_t id, task_options&& options)
    : core_(core),
      id_(id),
      status_(options.cancelable),
      began_at_(coarse_now()),
      queued_at_(began_at_),
      extras_(options.description.empty() ? nullptr : std::make_unique<extras>()),
      terms_(has_terms(options) ? std::make_unique<task_terms>(*this, std::move(options)) : nullptr),
      priority_(options.priority)
{
    if (extras_) extras_->description = std::move(options.description);
}

task_record::~task_record() = default;

bool task_record::try_add_reference() noexcept
{
    std::uint32_t seen = references_.load(std::memory_order_relaxed);
    while (seen != 0)
        if (references_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    return false;
}

void task_record::dispose() noexcept
{
    const engine_thread* const here = this_engine_thread();
    // No code of the user's runs there, not even the destructor of a result.
    if (here && here->kind == thread_kind::timer_loop) return core_.dispose_on_event_loop(*this);
    destroy();
}

void task_record::destroy() noexcept
{
    engine_core& core = core_;
    delete this;
    core.forget_task();
}

// --- What a handle asks ---

const std::string& task_record::description() const noexcept
{
    static const std::string none;
    const std::lock_guard lock(mutex_);
    return extras_ ? extras_->description : none;
}

int task_record::percent_completed() const noexcept
{
    if (state() == task_state::succeeded) return 100;
    // 29 of 100 is a little less than 0.29, and shall be 29 all the same.
    constexpr double rounding = 1e-9;
    return std::min(static_cast<int>(progress_.fraction() * 100 + rounding), most_unfinished_percent);
}

progress_snapshot task_record::progress()
{
    const progress_cell::numbers numbers = progress_.read();
    const task_state state = this->state();
    progress_snapshot snapshot;
    snapshot.fraction = state == task_state::succeeded ? 1.0 : std::min(numbers.fraction, most_unfinished_fraction);
    snapshot.done = numbers.done;
    snapshot.total = numbers.total;
    if (state == task_state::succeeded) snapshot.time_left = std::chrono::milliseconds::zero();
    const std::lock_guard lock(mutex_);
    // Not a word of memory for tasks that have reported nothing.
    const bool moves = numbers.fraction > 0 || numbers.done > 0;
    if (state == task_state::running && moves) note_progress_locked(numbers, snapshot);
    if (extras_) {
        snapshot.unit = extras_->unit;
        snapshot.step = extras_->step;
    }
    return snapshot;
}

void task_record::note_progress_locked(const progress_cell::numbers& numbers, progress_snapshot& snapshot)
{
    std::unique_ptr<progress_history>& history = extras_locked().history;
    if (!history) history = std::make_unique<progress_history>();
    history->note(std::chrono::steady_clock::now(), numbers);
    if (numbers.done > 0) snapshot.units_per_second = history->units_per_second();
    snapshot.time_left = history->time_left();
}

std::error_code task_record::error() const noexcept
{
    if (!ended()) return errc::not_ended;
    return error_;
}

std::exception_ptr task_record::failure() const noexcept
{
    return ended() ? failure_ : nullptr;
}

void task_record::require_success() const
{
    const std::error_code error = this->error();
    if (!error) return;
    if (const std::exception_ptr thrown = failure()) std::rethrow_exception(thrown);
    throw std::system_error(error);
}

std::error_code task_record::request_cancel(std::string_view by, cancel_origin origin)
{
    return carry_out_cancel(ask_to_cancel(by, origin, &status_word::request_cancel));
}

status_word::cancel_answer
task_record::ask_to_cancel(std::string_view by, cancel_origin origin,
                           status_word::cancel_answer (status_word::*ask)() noexcept) noexcept
{
    using cancel_answer = status_word::cancel_answer;
    // Who sees a cancel also sees whose it was.
    const std::lock_guard lock(mutex_);
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
    case status_word::cancel_answer::requested: request_stop(); return {};
    case status_word::cancel_answer::claimed:
        error_ = errc::cancelled;
        end_in_queue(task_state::cancelled);
        return {};
    }
    return {};
}

void task_record::request_stop() noexcept
{
    std::stop_source stop{std::nostopstate};
    {
        const std::lock_guard lock(mutex_);
        if (extras_) stop = extras_->stop;
    }
    (void)core_.events().note(*this, task_event_kind::cancel_requested);
    stop.request_stop();
    on_cancel_requested();
    unpause();
    cancel_parts();
}

std::error_code task_record::pause()
{
    const std::lock_guard lock(mutex_);
    extras& more = extras_locked();
    if (!status_.hold()) return errc::already_ended;
    ++more.holds;
    return {};
}

std::error_code task_record::resume()
{
    {
        const std::lock_guard lock(mutex_);
        if (const errc refusal = refusal_of(verb::resume, state()); refusal != errc{}) return refusal;
        if (!extras_ || extras_->holds == 0) return errc::not_paused;
        if (--extras_->holds > 0) return {};
        status_.let_go();
    }
    unpause();
    core_.board().take_up(*this);
    return {};
}

void task_record::unpause() noexcept
{
    {
        const std::lock_guard lock(mutex_);
        if (!extras_) return;
        unpause_locked();
    }
    tell_waiters(extras_->paused);
}

std::error_code task_record::set_priority(task_priority priority)
{
    if (const errc refusal = refusal_of(verb::set_priority, state()); refusal != errc{}) return refusal;
    core_.set_priority(*this, priority);
    return {};
}

obstacle task_record::obstacle_now()
{
    obstacle found;
    if (terms_) found = core_.room().obstacle_of(*this);
    if (found.kind != obstacle_kind::none || state() != task_state::queued) return found;
    found.kind = status_.is_held() ? obstacle_kind::hold : obstacle_kind::worker;
    return found;
}

// --- Waiting ---

wait_status task_record::wait_until(steady_time deadline)
{
    if (ended()) return wait_status::completed;
    if (deadline == deadline_now) return wait_status::timed_out;
    task_record* const self = this;
    const blocked_scope blocked(wait_kind::all, {&self, 1});
    if (blocked.refused()) return wait_status::would_deadlock;

    const steady_time begun = std::chrono::steady_clock::now();
    const wait_status status = block_until(deadline, begun);
    core_.waiting_spin().note(std::chrono::steady_clock::now() - begun);
    return status;
}

wait_status task_record::block_until(steady_time deadline, steady_time begun)
{
    // A waiter is listed only by those who go to sleep: short tasks end before.
    if (core_.waiting_spin().until([this] { return ended(); }, begun, deadline)) return wait_status::completed;
    blocking_waiter self(deadline);
    if (!add_waiter(self)) return wait_status::completed;
    return self.wait() == wait_outcome::completed ? wait_status::completed : wait_status::timed_out;
}

bool task_record::add_waiter(waiter& added, give_up_handler* give_up)
{
    const std::lock_guard lock(mutex_);
    if (!status_.note_waiter()) return false;
    list_waiter_locked(added, waiters_, give_up);
    return true;
}

bool task_record::add_paused(waiter& added, give_up_handler* give_up)
{
    const std::lock_guard lock(mutex_);
    if (!status_.pause()) return false;
    list_waiter_locked(added, extras_->paused, give_up);
    if (limit_watch* const limits = limits_or_null()) limits->task_paused_locked();
    return true;
}

void task_record::list_waiter_locked(waiter& added, waiter_list& into, give_up_handler* give_up) noexcept
{
    tie_locked(give_up, added);
    into.push_locked(added);
    // Under the lock: once it is free the waiter may complete and be gone.
    if (added.deadline() != deadline_never) core_.timers().add(added);
}

void task_record::tie(give_up_handler& give_up, waiter& target) noexcept
{
    const std::lock_guard lock(mutex_);
    tie_locked(&give_up, target);
}

void task_record::tie_locked(give_up_handler* give_up, waiter& target) noexcept
{
    target.record_ = this;
    target.give_up_ = give_up;
    if (give_up) give_up->target_ = &target;
}

void task_record::give_up(give_up_handler& handler) noexcept
{
    waiter* given_up = nullptr;
    {
        const std::lock_guard lock(mutex_);
        given_up = handler.target_;
        if (!given_up || !given_up->claim()) return;
        forget_waiter_locked(*given_up);
    }
    if (given_up->deadline() != deadline_never) core_.timers().remove(*given_up);
    given_up->complete(wait_outcome::given_up);
}

bool task_record::withdraw_waiter(waiter& withdrawn) noexcept
{
    {
        const std::lock_guard lock(mutex_);
        if (!withdrawn.record_ || !withdrawn.claim()) return false;
        forget_waiter_locked(withdrawn);
    }
    if (withdrawn.deadline() != deadline_never) core_.timers().remove(withdrawn);
    return true;
}

void task_record::sever(give_up_handler& handler) noexcept
{
    const std::lock_guard lock(mutex_);
    if (handler.target_) handler.target_->give_up_ = nullptr;
    handler.target_ = nullptr;
}

void task_record::forget_waiter_locked(waiter& forgotten) noexcept
{
    waiter_list::remove_locked(forgotten);
    if (forgotten.give_up_) forgotten.give_up_->target_ = nullptr;
    forgotten.give_up_ = nullptr;
    if (extras_ && extras_->paused.empty()) unpause_locked();
}

void task_record::unpause_locked() noexcept
{
    if (!status_.unpause()) return;
    if (limit_watch* const limits = limits_or_null()) limits->task_resumed_locked();
}

void task_record::detach(waiter& removed) noexcept
{
    const std::lock_guard lock(mutex_);
    forget_waiter_locked(removed);
}

void task_record::tell_waiters(waiter_list& told) noexcept
{
    while (waiter* const next = pop_waiter(told)) next->complete(wait_outcome::completed);
}

/// One at a time: whoever is told may be gone at once, and telling runs code of
/// the caller's executor, which may come straight back here.
waiter* task_record::pop_waiter(waiter_list& from) noexcept
{
    waiter* popped = nullptr;
    {
        const std::lock_guard lock(mutex_);
        popped = from.pop_claimed_locked();
        if (popped) forget_waiter_locked(*popped);
    }
    if (popped && popped->deadline() != deadline_never) core_.timers().remove(*popped);
    return popped;
}

// --- What the body's end asks ---

task_record::extras& task_record::extras_locked()
{
    if (!extras_) extras_ = std::make_unique<extras>();
    return *extras_;
}

void task_record::set_progress_unit(std::string_view unit)
{
    std::string text(unit);
    swap_progress_unit(text);
}

void task_record::set_step(std::string_view text)
{
    std::string own(text);
    swap_step(own);
}

void task_record::swap_progress_unit(std::string& unit)
{
    const std::lock_guard lock(mutex_);
    extras& kept = extras_locked();
    kept.unit.swap(unit);
    if (kept.history && kept.unit != unit) kept.history->begin_other_units();
}

void task_record::swap_step(std::string& text)
{
    const std::lock_guard lock(mutex_);
    extras& kept = extras_locked();
    kept.step.swap(text);
    ++kept.steps;
}

progress_mark task_record::mark_of_progress() const noexcept
{
    const std::lock_guard lock(mutex_);
    return progress_mark_locked();
}

progress_mark task_record::progress_mark_locked() const noexcept
{
    const progress_cell::numbers numbers = progress_.read();
    return {numbers.fraction, numbers.done, extras_ ? extras_->steps : 0};
}

std::stop_token task_record::stop_token()
{
    std::stop_source stop{std::nostopstate};
    {
        const std::lock_guard lock(mutex_);
        std::stop_source& kept = extras_locked().stop;
        if (!kept.stop_possible()) kept = std::stop_source();
        stop = kept;
    }
    // A cancel that came before the source was there has found none to tell.
    if (cancel_requested()) stop.request_stop();
    return stop.get_token();
}

/// A body that blocks is compensated for like one that waits. Where that is not
/// possible it goes on, and is held at a later checkpoint.
void task_record::stay_while_held() noexcept
{
    const engine_thread* const self = this_engine_thread();
    if (self && self->kind != thread_kind::worker) return;
    if (self && !self->core->workers().begin_blocking()) return;
    blocking_waiter here(deadline_never);
    if (add_paused(here)) {
        announce(*this, task_event_kind::paused, &task_observer::paused);
        (void)here.wait();
        announce(*this, task_event_kind::resumed, &task_observer::resumed);
    }
    if (self) self->core->workers().end_blocking();
}

bool task_record::announce_pause() noexcept
{
    const bool is_awaited = core_.observer() || core_.events().is_on();
    if (!is_awaited || !status_.is_held() || cancel_requested()) return false;
    announce(*this, task_event_kind::paused, &task_observer::paused);
    return true;
}

void task_record::announce_resumption() noexcept
{
    announce(*this, task_event_kind::resumed, &task_observer::resumed);
}

// --- What the engine does with it ---

limit_watch* task_record::limits_or_null() noexcept
{
    return terms_ && terms_->limits ? &*terms_->limits : nullptr;
}

bool task_record::has_passed(limit_kind kind) const noexcept
{
    return terms_ && terms_->limits && terms_->limits->has_passed(kind);
}

void task_record::watch_begin() noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const std::lock_guard lock(mutex_);
    limits->task_began_locked(progress_mark_locked());
}

void task_record::watch_queued(bool is_first_time) noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const std::lock_guard lock(mutex_);
    limits->task_queued_locked(is_first_time);
}

void task_record::watch_end() noexcept
{
    limit_watch* const limits = limits_or_null();
    if (!limits) return;
    const std::lock_guard lock(mutex_);
    limits->task_ended_locked();
}

bool task_record::run() noexcept
{
    watch_begin();
    announce(*this, task_event_kind::began, &task_observer::began);
    std::exception_ptr failure;
    try {
        task_context context(*this);
        invoke(context);
    } catch (...) {
        failure = std::current_exception();
    }
    return end(std::move(failure));
}

void task_record::launch() noexcept
{
    core_.make_ready(*this);
}

bool task_record::start_elsewhere() noexcept
{
    if (!core_.board().start_elsewhere(*this)) return false;
    watch_begin();
    announce(*this, task_event_kind::began, &task_observer::began);
    return true;
}

bool task_record::end(std::exception_ptr failure) noexcept
{
    if (failure && terms_ && begin_anew(failure)) return false;
    const task_state terminal = conclude(std::move(failure));
    destroy_body();
    return publish(terminal);
}

bool task_record::begin_anew(const std::exception_ptr& failure) noexcept
{
    const std::error_code code = error_of(failure);
    if (!terms_->retry || says_cancelled(code)) return false;
    return core_.room().delay(*this, code);
}

bool task_record::end_abandoned() noexcept
{
    // The coroutine's frame is still being taken down and may refer to the
    // body, which is therefore left to go with the task.
    error_ = errc::abandoned;
    return publish(task_state::failed);
}

void task_record::fail_in_queue(std::exception_ptr failure) noexcept
{
    if (!status_.claim_queued()) return;
    error_ = error_of(failure);
    failure_ = std::move(failure);
    end_in_queue(task_state::failed);
}

void task_record::cancel_in_queue() noexcept
{
    carry_out_cancel(ask_to_cancel({}, cancel_origin::replaced, &status_word::request_cancel_queued));
}

void task_record::end_in_queue(task_state terminal) noexcept
{
    core_.leave_queue(*this);
    destroy_body();
    if (publish(terminal)) retire();
}

/// What the end of a body means. A body that returned has succeeded, even if it
/// was asked to stop; one that stopped was cancelled only if it was asked to.
task_state task_record::conclude(std::exception_ptr failure) noexcept
{
    if (!failure) return task_state::succeeded;
    error_ = error_of(failure);
    if (cancel_requested() && says_cancelled(error_)) {
        error_ = errc::cancelled;
        return task_state::cancelled;
    }
    failure_ = std::move(failure);
    return task_state::failed;
}

/// False when the task ends later, after its parts.
bool task_record::publish(task_state terminal) noexcept
{
    if (terms_) {
        if (status_.close_for_parts() && parts_go_on(terminal)) return false;
        publish_after_parts(terminal);
        return true;
    }
    switch (status_.end(terminal, false)) {
    case status_word::end_answer::ended: tell_of_end(false); return true;
    case status_word::end_answer::ended_with_waiters: tell_of_end(true); return true;
    case status_word::end_answer::has_parts: break;
    }
    if (parts_go_on(terminal)) return false;
    publish_after_parts(terminal);
    return true;
}

/// Between the end and the retirement, so that an engine that has none left has
/// counted them all.
void task_record::tell_of_end(bool has_waiters) noexcept
{
    (void)core_.events().note(*this, task_event_kind::ended, error_);
    if (has_waiters) tell_waiters(waiters_);
    if (cancel_requested()) core_.rare().count_cancel(cancel_latency());
    observe(*this, &task_observer::ended, state(), error_);
}

void task_record::retire() noexcept
{
    core_.retire(*this);
}

// --- Parts ---

bool task_record::add_part(task_record& added)
{
    const std::lock_guard lock(mutex_);
    extras& more = extras_locked();
    const bool is_over = more.end_after_parts != task_state::queued && more.parts == 0;
    if (is_over || !status_.note_part()) return false;
    added.terms_->previous_part = more.last_part;
    (more.last_part ? more.last_part->terms_->next_part : more.first_part) = &added;
    more.last_part = &added;
    ++more.parts;
    return true;
}

void task_record::remove_part_locked(task_record& removed) noexcept
{
    task_terms& links = *removed.terms_;
    (links.previous_part ? links.previous_part->terms_->next_part : extras_->first_part) = links.next_part;
    (links.next_part ? links.next_part->terms_->previous_part : extras_->last_part) = links.previous_part;
    links.next_part = nullptr;
    links.previous_part = nullptr;
    --extras_->parts;
}

std::vector<intrusive_ptr<task_record>> task_record::parts() const
{
    std::vector<intrusive_ptr<task_record>> found;
    const std::lock_guard lock(mutex_);
    if (!extras_) return found;
    found.reserve(extras_->parts);
    for (task_record* part = extras_->first_part; part; part = part->terms_->next_part) found.push_back(share(*part));
    return found;
}

/// True when there are some; the last of them to end publishes the end then.
bool task_record::parts_go_on(task_state terminal) noexcept
{
    {
        const std::lock_guard lock(mutex_);
        extras_->end_after_parts = terminal;
        if (extras_->parts == 0) return false;
    }
    if (terminal != task_state::succeeded) cancel_parts();
    return true;
}

/// Each is told once: those that are told go to the end of the line.
void task_record::cancel_parts() noexcept
{
    if (!status_.has_parts()) return;
    std::size_t left = 0;
    {
        const std::lock_guard lock(mutex_);
        left = extras_->parts;
    }
    for (; left > 0; --left) {
        intrusive_ptr<task_record> told;
        {
            const std::lock_guard lock(mutex_);
            task_record* const first = extras_->first_part;
            if (!first) return;
            told = share(*first);
            if (extras_->last_part != first) {
                remove_part_locked(*first);
                first->terms_->previous_part = extras_->last_part;
                extras_->last_part->terms_->next_part = first;
                extras_->last_part = first;
                ++extras_->parts;
            }
        }
        told->request_cancel({}, cancel_origin::parent);
    }
}

/// A part, with all its own, has ended. True when this task was waiting for
/// that and is to be published now.
bool task_record::part_ended(task_record& part) noexcept
{
    const std::lock_guard lock(mutex_);
    remove_part_locked(part);
    if (part.state() == task_state::cancelled) extras_->part_cancelled = true;
    return extras_->parts == 0 && extras_->end_after_parts != task_state::queued;
}

/// The body's verdict holds, unless a cancel has come after it and stopped a
/// part of the work.
task_state task_record::verdict_after_parts() noexcept
{
    const std::lock_guard lock(mutex_);
    const task_state verdict = extras_->end_after_parts;
    if (verdict != task_state::succeeded || !cancel_requested() || !extras_->part_cancelled) return verdict;
    error_ = errc::cancelled;
    return task_state::cancelled;
}

void task_record::latch_end(task_state terminal) noexcept
{
    watch_end();
    if (terms_) core_.room().release(*this);
    tell_of_end(status_.end(terminal, true) == status_word::end_answer::ended_with_waiters);
}

void task_record::publish_after_parts(task_state terminal) noexcept
{
    latch_end(terminal);
    // Up the line of those for whom this was the last thing to wait for.
    intrusive_ptr<task_record> ended = share(*this);
    while (ended->terms_ && ended->terms_->parent) {
        intrusive_ptr<task_record> whole = ended->terms_->parent;
        if (!whole->part_ended(*ended)) return;
        whole->latch_end(whole->verdict_after_parts());
        whole->retire();
        ended = std::move(whole);
    }
}

} // namespace vmtask::detail
