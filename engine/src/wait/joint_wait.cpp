// SPDX-License-Identifier: BSL-1.0
#include "wait/joint_wait.hpp"

#include "record/task_record.hpp"
#include "wait/task_wait.hpp"

#include <utility>

namespace vmtask::detail {

joint_wait::joint_wait(wait_target&& target, completion& told) noexcept
    : wait_set(target.kind == wait_target_kind::all ? wait_kind::all : wait_kind::any, target.deadline),
      pending_wait(told, target.tasks.records().front()->core()),
      tasks_(std::move(target.tasks))
{
}

std::size_t joint_wait::size_for(std::size_t tasks) noexcept
{
    static_assert(alignof(member) <= alignof(joint_wait));
    return sizeof(joint_wait) + tasks * sizeof(member);
}

void joint_wait::begin(give_up_handler* give_up) noexcept
{
    // A context that is shutting down destroys what is posted to it.
    if (!enter_place()) return be_over();
    wait_set::begin(tasks_.records(), reinterpret_cast<member*>(this + 1), give_up);
}

void joint_wait::name_to(give_up_handler& give_up) noexcept
{
    give_up.record_ = share(*tasks_.records().front());
}

settled_wait joint_wait::settle(bool) noexcept
{
    return {.result = {.error = code_of(outcome()), .index = index()}, .tasks = std::move(tasks_)};
}

bool joint_wait::take_back() noexcept
{
    // Then the set is told of its end like any other, which comes to us.
    give_up();
    return take_back_postponed(core(), *this);
}

engine_core* joint_wait::core_behind(const asio::execution_context* context) const noexcept
{
    for (task_record* const each : tasks_.records())
        if (engine_core* const found = if_loop_in(each->core(), context)) return found;
    return nullptr;
}

} // namespace vmtask::detail
