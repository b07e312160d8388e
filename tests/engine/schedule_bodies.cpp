// SPDX-License-Identifier: BSL-1.0

// What the bodies of a random schedule do.

#include "schedule_driver.hpp"

#include <asio/use_awaitable.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace vmtask::test {

void schedule_driver::run_body(task_context& self, const body_plan& plan)
{
    look_before(plan);
    oracle_.enter(*plan.member);
    try {
        schedule_dice dice(plan.seed);
        act(self, plan, dice);
    } catch (...) {
        plan.member->awaits = 0;
        oracle_.leave(*plan.member);
        throw;
    }
    oracle_.leave(*plan.member);
    require_whole(plan);
    if (plan.fails) throw std::runtime_error("on purpose");
}

void schedule_driver::act(task_context& self, const body_plan& plan, schedule_dice& dice)
{
    clock_.linger(self, plan.steps);
    for (unsigned left = dice.below(4); left > 0; --left) {
        switch (dice.below(4)) {
        case 0: wait_in_body(plan, dice); break;
        case 1:
        case 2:
            if (plan.depth < 3) post(dice, &plan, self.handle());
            break;
        default: clock_.linger(self, 1); break;
        }
    }
    if (dice.one_in(8)) self.point_of_no_return();
}

void schedule_driver::wait_in_body(const body_plan& plan, schedule_dice& dice)
{
    const entry awaited = some(dice);
    if (!awaited.task) return;
    const bool has_limit = dice.one_in(3);
    plan.member->awaits = awaited.task.id();
    const wait_status status =
        has_limit ? awaited.task.wait_for_completion(dice.moment()) : awaited.task.wait_for_completion();
    plan.member->awaits = 0;
    oracle_.require(has_limit || status != wait_status::timed_out, "a wait without a limit has timed out");
    oracle_.require(status != wait_status::completed || awaited.task.is_complete(), "a wait has lied");
}

/// Asynchronous waits may be for each other: those without a limit would be for
/// ever, and nobody promises otherwise.
asio::awaitable<void> schedule_driver::run_coroutine(task_context& self, body_plan plan)
{
    look_before(plan);
    oracle_.enter(*plan.member);
    schedule_dice dice(plan.seed);
    std::exception_ptr failure;
    try {
        for (unsigned left = plan.steps / 2; left > 0; --left) {
            co_await self.async_checkpoint(asio::use_awaitable);
            if (dice.one_in(2) && plan.depth < 3) post(dice, &plan, self.handle());
            const task_handle awaited = some(dice).task;
            if (awaited && awaited.wait_for_completion(dice.moment()) == wait_status::timed_out) {
                const auto limit = dice.moment();
                co_await awaited.async_wait_for(limit, asio::use_awaitable);
            }
        }
    } catch (const std::system_error& error) {
        if (error.code() != errc::timed_out) failure = std::current_exception();
    }
    oracle_.leave(*plan.member);
    if (failure) std::rethrow_exception(failure);
    require_whole(plan);
    if (plan.fails) throw std::runtime_error("on purpose");
}

void schedule_driver::look_before(const body_plan& plan)
{
    const std::string me = "#" + std::to_string(plan.member->number);
    for (const task_handle& before : plan.after) {
        oracle_.require(before.is_complete(), me + " begun before its predecessor had ended");
        if (plan.must_have_succeeded)
            oracle_.require(before.state() == task_state::succeeded, me + " begun after a failed predecessor");
    }
    require_whole(plan);
}

void schedule_driver::require_whole(const body_plan& plan)
{
    if (!plan.parent) return;
    oracle_.require(!plan.parent.is_complete(),
                    "#" + std::to_string(plan.member->number) + " outlives the whole that it is a part of");
}

} // namespace vmtask::test
