// SPDX-License-Identifier: BSL-1.0
#include "gate/task_terms.hpp"

#include "base/engine_core.hpp"
#include "gate/waiting_room.hpp"
#include "tell/journal_seat.hpp"

#include <vmtask/error.hpp>

#include <system_error>
#include <utility>

namespace vmtask::detail {

predecessor::predecessor(task_record& dependant, const task_handle& handle) noexcept
    : waiter(deadline_never), dependant_(dependant), task_(record_of(handle))
{
}

void predecessor::complete(wait_outcome /*completed*/) noexcept
{
    const intrusive_ptr<task_record> held(&dependant_, adopt_reference);
    dependant_.core().room.predecessor_ended(*this);
    task_ = {};
}

bool begin_delay::claim_expiry() noexcept
{
    task_.add_reference();
    return true;
}

void begin_delay::expire() noexcept
{
    const intrusive_ptr<task_record> held(&task_, adopt_reference);
    task_.core().room.delay_over(task_);
}

void cancel_on_stop::operator()() const noexcept
{
    // The task may be on its way out, with nothing left to cancel.
    if (!task_.try_add_reference()) return;
    const intrusive_ptr<task_record> held(&task_, adopt_reference);
    task_.request_cancel({}, cancel_origin::stop_token);
}

namespace {

std::unique_ptr<const task_names> names_in(task_options& options)
{
    const bool has_none = options.kind.empty() && options.initiator.empty() && options.reason.empty()
        && options.lane.empty() && options.tag.empty();
    if (has_none) return {};
    return std::make_unique<const task_names>(
        task_names{std::move(options.kind), std::move(options.initiator), std::move(options.reason),
                   std::move(options.lane), std::move(options.tag), std::move(options.parameters), options.priority});
}

std::unique_ptr<limit_watch> limits_in(task_record& owner, const task_options& options)
{
    return options.limits.empty() ? nullptr : std::make_unique<limit_watch>(owner, options.limits);
}

std::unique_ptr<repetition> repetition_in(task_record& owner, task_options& options)
{
    return options.retry ? std::make_unique<repetition>(owner, std::move(*options.retry)) : nullptr;
}

std::unique_ptr<begin_delay> start_time_in(task_record& owner, const task_options& options)
{
    if (!options.not_before) return {};
    auto made = std::make_unique<begin_delay>(owner);
    made->set_deadline(*options.not_before);
    return made;
}

std::unique_ptr<journalled_end> journalled_end_in(task_record& owner, const task_options& options)
{
    if (!options.parameters || !owner.core().journal.is_taken()) return {};
    return std::make_unique<journalled_end>(owner);
}

std::unique_ptr<stop_by_poster> stop_in(task_options& options)
{
    if (!options.stop.stop_possible()) return {};
    return std::unique_ptr<stop_by_poster>(new stop_by_poster{std::move(options.stop)});
}

} // namespace

task_terms::task_terms(task_record& owner, task_options&& options)
    : claims(std::move(options.claims)),
      when_busy(options.when_busy),
      after_failure(options.after_failure),
      task(owner),
      parent(record_of(options.parent)),
      journalled(journalled_end_in(owner, options)),
      names_or_null(names_in(options)),
      limits(limits_in(owner, options)),
      retry(repetition_in(owner, options)),
      start_time(start_time_in(owner, options)),
      stop(stop_in(options))
{
    claims.task = &owner;
    predecessors.reserve(options.after.size());
    for (const task_handle& each : options.after) {
        if (!each) throw std::system_error(errc::no_task);
        predecessors.push_back(std::make_unique<predecessor>(owner, each));
    }
    // Nothing tells one request from another without these.
    const bool must_compare = when_busy == when_busy::join || when_busy == when_busy::replace;
    if (must_compare && (names().kind.empty() || claims.empty())) throw std::system_error(errc::bad_options);
}

task_terms::~task_terms() = default;

const task_names& task_terms::names() const noexcept
{
    static const task_names none;
    return names_or_null ? *names_or_null : none;
}

} // namespace vmtask::detail
