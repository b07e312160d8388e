// SPDX-License-Identifier: BSL-1.0
#include "base/engine_core.hpp"
#include "base/error_of.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "record/task_record.hpp"
#include "run/scheduler.hpp"
#include "time/coarse_clock.hpp"
#include "time/wall_clock.hpp"

#include <vmtask/error.hpp>
#include <vmtask/task_outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>
#include <string>
#include <utility>

namespace vmtask::detail {
namespace {

/// What an exception holds inside; null when it holds none.
std::exception_ptr nested_in(const std::exception_ptr& failure) noexcept
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::nested_exception& outer) {
        return outer.nested_ptr();
    } catch (...) {
        return nullptr;
    }
}

std::string message_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return error_of(failure).message();
    }
}

std::vector<failure_cause> causes_of(const std::exception_ptr& failure)
{
    constexpr std::size_t most = 64; // an exception may have been made to hold itself
    std::vector<failure_cause> causes;
    for (auto next = nested_in(failure); next && causes.size() < most; next = nested_in(next))
        causes.push_back({error_of(next), message_of(next)});
    return causes;
}

void describe_failure(task_outcome& described, const std::exception_ptr& failure)
{
    if (failure) {
        described.message = message_of(failure);
        described.causes = causes_of(failure);
    } else if (is_terminal(described.state) && described.code) {
        described.message = described.code.message();
    }
}

} // namespace

std::error_code error_of(const std::exception_ptr& failure) noexcept
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

task_outcome task_record::outcome_now()
{
    return outcome_as(state());
}

task_outcome task_record::outcome_as(task_state state)
{
    task_outcome described;
    described.state = state;
    if (!is_terminal(described.state)) described.code = errc::not_ended;
    else described.code = error_set();
    describe_failure(described, is_terminal(described.state) ? failure_ : nullptr);
    described.step = progress().step;
    if (terms()) {
        described.kind = terms()->names().kind;
        described.initiator = terms()->names().initiator;
        described.reason = terms()->names().reason;
        described.tag = terms()->names().tag;
    }
    const clock_reading clock = core_.clock.read();
    describe_times(described, clock);
    const mutex_guard lock(mutex_);
    describe_extras_locked(described, clock);
    return described;
}

void task_record::describe_times(task_outcome& described, const clock_reading& clock)
{
    const attempts_made made = terms() ? core_.room.attempts_of(*terms()) : attempts_made{};
    const task_times times = core_.scheduler.times_of(*this);
    // A task that was claimed has ended without another attempt.
    const bool is_begun = described.state != task_state::queued && !status_.is_claimed();
    described.attempts = made.failed + (is_begun ? 1 : 0);
    described.queued = clock.of(queued_at_);
    if (described.attempts > 0) described.started = clock.of(made.failed > 0 ? made.first_began_at : times.began_at);
    if (!is_terminal(described.state)) return;
    // One that the journal is offered has not been seen to end yet.
    described.ended = clock.of(times.ended_at == steady_time{} ? coarse_now() : times.ended_at);
}

task_outcome task_record::outcome_to_offer(task_state terminal) noexcept
{
    try {
        return outcome_as(terminal);
    } catch (const std::bad_alloc&) {
        // Contract: without memory it says the state and the code.
        task_outcome shortened;
        shortened.state = terminal;
        shortened.code = error_set();
        return shortened;
    }
}

void task_record::describe_extras_locked(task_outcome& described, const clock_reading& clock) const
{
    described.cancel_requested = cancel_origin_;
    if (cancel_origin_ != cancel_origin::none) {
        // It is kept less exactly than the others, and shall not look as if it
        // had come before the begin or after the end.
        const auto at = std::max(clock.of(cancelled_at_locked()), described.started.value_or(described.queued));
        described.cancel_requested_at = described.ended ? std::min(at, *described.ended) : at;
    }
    if (!extras_now()) return;
    described.warnings = extras_now()->warnings;
    described.warnings_dropped = extras_now()->warnings_dropped;
    described.cancel_requested_by = extras_now()->cancel_requested_by;
}

void task_record::add_warning(std::string_view text)
{
    const mutex_guard lock(mutex_);
    task_extras& more = extras_locked();
    if (more.warnings.size() < task_outcome::most_warnings) more.warnings.emplace_back(text);
    else ++more.warnings_dropped;
}

void task_record::note_cancel_locked(std::string_view by, cancel_origin origin) noexcept
{
    constexpr auto longest = std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max());
    const auto delay = std::chrono::round<std::chrono::milliseconds>(coarse_now() - queued_at_);
    cancel_origin_ = origin;
    cancel_delay_ms_ = static_cast<std::uint32_t>(std::min(delay, longest).count());
    if (by.empty()) return;
    try {
        extras_locked().cancel_requested_by = by;
    } catch (const std::bad_alloc&) {
        // Contract: the name is lost, not the cancel.
        return;
    }
}

steady_time task_record::cancelled_at_locked() const noexcept
{
    return queued_at_ + std::chrono::milliseconds(cancel_delay_ms_);
}

steady_time::duration task_record::cancel_latency() const noexcept
{
    const mutex_guard lock(mutex_);
    return coarse_now() - cancelled_at_locked();
}

} // namespace vmtask::detail
