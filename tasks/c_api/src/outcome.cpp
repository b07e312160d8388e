// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/outcome.h>

#include "codes.hpp"
#include "guarded.hpp"
#include "handles.hpp"
#include "structs.hpp"

#include <vmtask/cancel_origin.hpp>
#include <vmtask/task_outcome.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace c_api = vmtask::c_api;

struct vmtask_outcome {
    vmtask::task_outcome outcome;
};

namespace {

std::int64_t milliseconds_of(std::optional<vmtask::task_outcome::time_point> when) noexcept
{
    if (!when) return 0;
    return std::chrono::floor<std::chrono::milliseconds>(when->time_since_epoch()).count();
}

vmtask_cancel_origin in_c(vmtask::cancel_origin origin) noexcept
{
    switch (origin) {
    case vmtask::cancel_origin::none: return VMTASK_CANCEL_ORIGIN_NONE;
    case vmtask::cancel_origin::stop_token: // there are none in C
    case vmtask::cancel_origin::caller: return VMTASK_CANCEL_ORIGIN_CALLER;
    case vmtask::cancel_origin::parent: return VMTASK_CANCEL_ORIGIN_PARENT;
    case vmtask::cancel_origin::replaced: return VMTASK_CANCEL_ORIGIN_REPLACED;
    case vmtask::cancel_origin::time_limit: return VMTASK_CANCEL_ORIGIN_TIME_LIMIT;
    case vmtask::cancel_origin::shutdown: return VMTASK_CANCEL_ORIGIN_SHUTDOWN;
    }
    return VMTASK_CANCEL_ORIGIN_NONE;
}

vmtask_outcome_info in_c(const vmtask::task_outcome& outcome) noexcept
{
    vmtask_outcome_info known{};
    known.message = outcome.message.c_str();
    known.step = outcome.step.c_str();
    known.kind = outcome.kind.c_str();
    known.initiator = outcome.initiator.c_str();
    known.reason = outcome.reason.c_str();
    known.causes = outcome.causes.size();
    known.warnings = outcome.warnings.size();
    known.warnings_dropped = outcome.warnings_dropped;
    known.queued_at_ms = milliseconds_of(outcome.queued);
    known.started_at_ms = milliseconds_of(outcome.started);
    known.ended_at_ms = milliseconds_of(outcome.ended);
    known.cancel_requested_at_ms = milliseconds_of(outcome.cancel_requested_at);
    known.state = static_cast<vmtask_state>(outcome.state);
    known.result = c_api::status_of(outcome.code);
    known.attempts = static_cast<std::uint32_t>(outcome.attempts);
    known.cancel_requested = in_c(outcome.cancel_requested);
    return known;
}

vmtask_cause in_c(const vmtask::failure_cause& cause) noexcept
{
    return {0, cause.message.c_str(), c_api::status_of(cause.code), c_api::system_error_of(cause.code)};
}

const vmtask::task_outcome& outcome_of(const vmtask_outcome* outcome)
{
    return c_api::require(outcome, "outcome is null")->outcome;
}

template <class Element>
const Element& element_of(const std::vector<Element>& elements, std::uint64_t number, const char* text)
{
    if (number >= elements.size()) throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, text};
    return elements[number];
}

} // namespace

vmtask_status vmtask_task_read_outcome(const vmtask_task* task, vmtask_outcome** outcome)
{
    return c_api::guarded([&] {
        c_api::prepare(outcome, "there is no place for the outcome");
        *outcome = new vmtask_outcome{c_api::require(task, "task is null")->handle.outcome()};
    });
}

void vmtask_outcome_release(vmtask_outcome* outcome)
{
    delete outcome;
}

vmtask_status vmtask_outcome_get_info(const vmtask_outcome* outcome, vmtask_outcome_info* info)
{
    return c_api::guarded([&] {
        c_api::require(info, "there is no place for the info");
        c_api::report_to(info, in_c(outcome_of(outcome)));
    });
}

vmtask_status vmtask_outcome_get_cause(const vmtask_outcome* outcome, uint64_t number, vmtask_cause* cause)
{
    return c_api::guarded([&] {
        c_api::require(cause, "there is no place for the cause");
        c_api::report_to(cause,
                         in_c(element_of(outcome_of(outcome).causes, number, "there is no cause of this number")));
    });
}

vmtask_status vmtask_outcome_get_warning(const vmtask_outcome* outcome, uint64_t number, const char** warning)
{
    return c_api::guarded([&] {
        c_api::prepare(warning, "there is no place for the warning");
        *warning = element_of(outcome_of(outcome).warnings, number, "there is no warning of this number").c_str();
    });
}
