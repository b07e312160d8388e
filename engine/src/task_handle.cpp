// SPDX-License-Identifier: BSL-1.0
#include <vmtask/task_handle.hpp>

#include <vmtask/obstacle.hpp>

namespace vmtask {

obstacle task_handle::obstacle() const
{
    return record().obstacle_now();
}

} // namespace vmtask
