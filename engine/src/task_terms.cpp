// SPDX-License-Identifier: BSL-1.0
#include "task_terms.hpp"

#include "engine_core.hpp"

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
    dependant_.core().room().predecessor_ended(*this);
    task_ = {};
}

bool retry_delay::claim_expiry() noexcept
{
    task_.add_reference();
    return true;
}

void retry_delay::expire() noexcept
{
    const intrusive_ptr<task_record> held(&task_, adopt_reference);
    task_.core().room().delay_over(task_);
}

void cancel_on_stop::operator()() const noexcept
{
    // The task may be on its way out, with nothing left to cancel.
    if (!task_.try_add_reference()) return;
    const intrusive_ptr<task_record> held(&task_, adopt_reference);
    task_.request_cancel({}, cancel_origin::stop_token);
}

task_terms::task_terms(task_record& owner, task_options&& options)
    : kind(std::move(options.kind)),
      initiator(std::move(options.initiator)),
      reason(std::move(options.reason)),
      lane_name(std::move(options.lane)),
      when_busy(options.when_busy),
      after_failure(options.after_failure),
      retry(std::move(options.retry)),
      stop(std::move(options.stop)),
      parent(record_of(options.parent)),
      claims(std::move(options.claims)),
      delay(owner),
      task(owner)
{
    claims.task = &owner;
    if (!options.limits.empty()) limits.emplace(owner, options.limits);
    predecessors.reserve(options.after.size());
    for (const task_handle& each : options.after) {
        if (!each) throw std::system_error(errc::no_task);
        predecessors.push_back(std::make_unique<predecessor>(owner, each));
    }
    // Nothing tells one request from another without these.
    const bool must_compare = when_busy == when_busy::join || when_busy == when_busy::replace;
    if (must_compare && (kind.empty() || claims.empty())) throw std::system_error(errc::bad_options);
}

task_terms::~task_terms() = default;

} // namespace vmtask::detail
