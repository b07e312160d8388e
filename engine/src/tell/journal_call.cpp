// SPDX-License-Identifier: BSL-1.0
#include "tell/journal_call.hpp"

#include "base/engine_core.hpp"

#include <vmtask/error.hpp>
#include <vmtask/task_journal.hpp>

#include <utility>

namespace vmtask {
namespace detail {

/// Keeps the core, which may else be gone with the task before this returns.
void journal_call::complete(std::error_code error) noexcept
{
    engine_core& core = core_;
    core.remember();
    answer_ = error;
    if (one_has_come_.exchange(true, std::memory_order_acq_rel)) go_on();
    core.forget_task();
}

} // namespace detail

journal_receipt::~journal_receipt()
{
    if (call_) complete(errc::not_journalled);
}

void journal_receipt::complete(std::error_code error) noexcept
{
    if (detail::journal_call* const call = std::exchange(call_, nullptr)) call->complete(error);
}

} // namespace vmtask
