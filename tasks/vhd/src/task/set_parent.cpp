// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/set_parent.hpp>

#include <vmtask/engine.hpp>

#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

task<set_parent_report> set_parent(engine& where, std::filesystem::path disk, std::filesystem::path parent,
                                   set_parent_options options, task_options about)
{
    detail::describe(about, "set parent", "set the parent of " + disk.string());
    detail::claim(about, disk, claim_mode::exclusive);
    detail::claim(about, parent, claim_mode::shared);
    auto body = [disk = std::move(disk), parent = std::move(parent), options](task_context& self) {
        detail::task_monitor monitor(self);
        return set_file_parent(disk, parent, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
