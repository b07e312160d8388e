// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/task_record.hpp>

#include "blocked_scope.hpp"
#include "blocking_waiter.hpp"
#include "engine_core.hpp"

#include <vmtask/detail/give_up_handler.hpp>
#include <vmtask/error.hpp>
#include <vmtask/task_context.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace vmtask::detail {
namespace {

/// What an unfinished task shows at most: the end is told by the state alone.
constexpr int most_unfinished_percent = 99;
const double most_unfinished_fraction = std::nextafter(1.0, 0.0);

std::error_code code_of(const std::exception_ptr& failure) noexcept
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::system_error& error) {
        return error.code();
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    } catch (...) {
        return errc::task_failed;
    }
}

/// Codes with which a body gives way to a cancel: its own checkpoint's, and
/// that of Asio's operations when their slot is told.
bool says_cancelled(std::error_code code) noexcept
{
    return code == errc::cancelled || code == asio::error::operation_aborted;
}

} // namespace

task_record::task_record(engine_core& core, std::uint64_t id, task_options&& options)
    : core_(core), id_(id), status_(options.cancelable)
{
    if (options.description.empty()) return;
    extras_ = std::make_unique<extras>();
    extras_->description = std::move(options.description);
}

task_record::~task_record() = default;

void task_record::dispose() noexcept
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

progress_snapshot task_record::progress() const
{
    const progress_cell::numbers numbers = progress_.read();
    progress_snapshot snapshot;
    snapshot.fraction = state() == task_state::succeeded ? 1.0 : std::min(numbers.fraction, most_unfinished_fraction);
    snapshot.done = numbers.done;
    snapshot.total = numbers.total;
    const std::lock_guard lock(mutex_);
    if (extras_) {
        snapshot.unit = extras_->unit;
        snapshot.step = extras_->step;
    }
    return snapshot;
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

std::error_code task_record::request_cancel()
{
    switch (status_.request_cancel()) {
    case status_word::cancel_answer::refused_already_ended: return errc::already_ended;
    case status_word::cancel_answer::refused_not_cancelable: return errc::not_cancelable;
    case status_word::cancel_answer::requested_before: return {};
    case status_word::cancel_answer::requested: request_stop(); return {};
    case status_word::cancel_answer::claimed: end_cancelled_in_queue(); return {};
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
    stop.request_stop();
    on_cancel_requested();
}

// --- Waiting ---

wait_status task_record::wait_until(steady_time deadline)
{
    if (ended()) return wait_status::completed;
    if (deadline == deadline_now) return wait_status::timed_out;
    const blocked_scope blocked(*this);
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
    added.record_ = this;
    added.give_up_ = give_up;
    if (give_up) give_up->target_ = &added;
    waiters_.push_locked(added);
    // Under the lock: once it is free the waiter may complete and be gone.
    if (added.deadline() != deadline_never) core_.timers().add(added);
    return true;
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

void task_record::sever(give_up_handler& handler) noexcept
{
    const std::lock_guard lock(mutex_);
    if (handler.target_) handler.target_->give_up_ = nullptr;
    handler.target_ = nullptr;
}

void task_record::forget_waiter_locked(waiter& forgotten) noexcept
{
    waiters_.remove_locked(forgotten);
    if (forgotten.give_up_) forgotten.give_up_->target_ = nullptr;
    forgotten.give_up_ = nullptr;
}

void task_record::detach(waiter& removed) noexcept
{
    const std::lock_guard lock(mutex_);
    forget_waiter_locked(removed);
}

void task_record::tell_waiters() noexcept
{
    while (waiter* const told = pop_waiter()) told->complete(wait_outcome::completed);
}

/// One at a time: whoever is told may be gone at once, and telling runs code of
/// the caller's executor, which may come straight back here.
waiter* task_record::pop_waiter() noexcept
{
    waiter* popped = nullptr;
    {
        const std::lock_guard lock(mutex_);
        popped = waiters_.pop_claimed_locked();
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
    const std::lock_guard lock(mutex_);
    extras_locked().unit = unit;
}

void task_record::set_step(std::string_view text)
{
    const std::lock_guard lock(mutex_);
    extras_locked().step = text;
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

// --- What the engine does with it ---

void task_record::run() noexcept
{
    std::exception_ptr failure;
    try {
        task_context context(*this);
        invoke(context);
    } catch (...) {
        failure = std::current_exception();
    }
    end(std::move(failure));
}

bool task_record::start_on_event_loop() noexcept
{
    if (!status_.start()) return false;
    core_.board().leave_queue(*this);
    return true;
}

void task_record::end(std::exception_ptr failure) noexcept
{
    const task_state terminal = conclude(std::move(failure));
    destroy_body();
    publish(terminal);
}

void task_record::end_abandoned() noexcept
{
    // The coroutine's frame is still being taken down and may refer to the
    // body, which is therefore left to go with the task.
    error_ = errc::abandoned;
    publish(task_state::failed);
}

void task_record::end_cancelled_in_queue() noexcept
{
    core_.board().leave_queue(*this);
    error_ = errc::cancelled;
    destroy_body();
    publish(task_state::cancelled);
    retire();
}

/// What the end of a body means. A body that returned has succeeded, even if it
/// was asked to stop; one that stopped was cancelled only if it was asked to.
task_state task_record::conclude(std::exception_ptr failure) noexcept
{
    if (!failure) return task_state::succeeded;
    error_ = code_of(failure);
    if (cancel_requested() && says_cancelled(error_)) {
        error_ = errc::cancelled;
        return task_state::cancelled;
    }
    failure_ = std::move(failure);
    return task_state::failed;
}

void task_record::publish(task_state terminal) noexcept
{
    if (status_.end(terminal)) tell_waiters();
}

void task_record::retire() noexcept
{
    core_.retire(*this);
}

} // namespace vmtask::detail
