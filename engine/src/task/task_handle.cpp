// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_handle.hpp>

#include "tell/task_names.hpp"

#include <vmtask/obstacle.hpp>
#include <vmtask/task_outcome.hpp>

namespace vmtask {

namespace {

const detail::task_names& names_of(const detail::task_record& record) noexcept
{
    static const detail::task_names none;
    return record.terms() ? record.names() : none;
}

} // namespace

const std::string& task_handle::kind() const
{
    return names_of(record()).kind;
}

const std::optional<std::string>& task_handle::parameters() const
{
    return names_of(record()).parameters;
}

task_outcome task_handle::outcome() const
{
    return record().outcome_now();
}

obstacle task_handle::obstacle() const
{
    return record().obstacle_now();
}

} // namespace vmtask
