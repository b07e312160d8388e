// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_handle.hpp>

#include <vmtask/obstacle.hpp>
#include <vmtask/task_outcome.hpp>

namespace vmtask {

task_outcome task_handle::outcome() const
{
    return record().outcome_now();
}

obstacle task_handle::obstacle() const
{
    return record().obstacle_now();
}

} // namespace vmtask
