// SPDX-License-Identifier: BSL-1.0

#include <vmtask/engine.hpp>
#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/create_file.hpp>

#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

task<create_report> create(engine& where, std::filesystem::path path, create_options options, task_options about)
{
    detail::describe(about, "create", "create " + path.string());
    detail::claim(about, path, claim_mode::exclusive);
    auto body = [path = std::move(path), options](task_context& self) {
        detail::task_monitor monitor(self);
        return create_file(path, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<create_report> create_child(engine& where, std::filesystem::path path, std::filesystem::path parent,
                                 child_options options, task_options about)
{
    detail::describe(about, "create", "create " + path.string());
    detail::claim(about, path, claim_mode::exclusive);
    detail::claim(about, parent, claim_mode::shared);
    auto body = [path = std::move(path), parent = std::move(parent), options](task_context&) {
        return create_child_file(path, parent, options);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
