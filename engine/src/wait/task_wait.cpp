// SPDX-License-Identifier: BSL-1.0
#include "wait/task_wait.hpp"

#include "record/task_record.hpp"
#include "wait/journal_request.hpp"

#include <vmtask/error.hpp>

#include <asio/error.hpp>

#include <utility>

namespace vmtask::detail {

std::error_code code_of(wait_outcome outcome) noexcept
{
    switch (outcome) {
    case wait_outcome::timed_out: return errc::timed_out;
    case wait_outcome::given_up: return asio::error::operation_aborted;
    case wait_outcome::completed:
    case wait_outcome::pending: break;
    }
    return {};
}

task_wait::task_wait(wait_target&& target, completion& told) noexcept
    : waiter(target.deadline),
      pending_wait(told, target.task->core()),
      is_for_resumption_(target.kind == wait_target_kind::resumption),
      task_(std::move(target.task))
{
}

void task_wait::complete(wait_outcome outcome) noexcept
{
    outcome_ = outcome;
    be_over();
}

void task_wait::begin(give_up_handler* give_up) noexcept
{
    // A context that is shutting down destroys what is posted to it.
    if (!enter_place()) return complete(wait_outcome::given_up);
    if (!list(give_up)) complete(wait_outcome::completed);
}

bool task_wait::list(give_up_handler* give_up) noexcept
{
    if (!is_for_resumption_) return task_->add_waiter(*this, give_up);
    is_pause_told_ = task_->announce_pause();
    return task_->add_paused(*this, give_up);
}

void task_wait::name_to(give_up_handler& give_up) noexcept
{
    give_up.record_ = task_;
}

settled_wait task_wait::settle(bool is_called) noexcept
{
    settled_wait settled;
    settled.result.error = code_of(outcome_);
    if (is_pause_told_ && is_called) task_->announce_resumption();
    settled.task = std::move(task_);
    return settled;
}

void task_wait::abandon() noexcept
{
    if (withdraw()) forsake();
}

engine_core* task_wait::core_behind(const asio::execution_context* context) const noexcept
{
    return if_loop_in(task_->core(), context);
}

bool task_wait::take_back() noexcept
{
    return withdraw() || take_back_postponed(core(), *this);
}

answer_wait::answer_wait(wait_target&& target, completion& told) noexcept
    : task_wait(std::move(target), told), request_(std::move(target.request))
{
}

bool answer_wait::list(give_up_handler* give_up) noexcept
{
    const std::shared_ptr<journal_request> listed_with = std::move(request_);
    return listed_with->add_waiter(*this, give_up);
}

} // namespace vmtask::detail
