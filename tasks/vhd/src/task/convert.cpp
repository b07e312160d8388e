// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/convert.hpp>

#include <vmtask/engine.hpp>

#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

task<convert_report> convert(engine& where, std::filesystem::path from, std::filesystem::path to,
                             convert_options options, task_options about)
{
    detail::describe(about, "convert", "convert " + from.string() + " to " + to.string());
    detail::claim(about, from, claim_mode::shared);
    detail::claim(about, to, claim_mode::exclusive);
    auto body = [from = std::move(from), to = std::move(to), options](task_context& self) {
        detail::task_monitor monitor(self);
        return convert_file(from, to, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
