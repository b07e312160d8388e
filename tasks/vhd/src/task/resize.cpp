// SPDX-License-Identifier: BSL-1.0

#include <vmtask/engine.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/resize.hpp>

#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

task<resize_report> resize(engine& where, std::filesystem::path path, resize_options options, task_options about)
{
    detail::describe(about, "resize", "resize " + path.string());
    detail::claim(about, path, claim_mode::exclusive);
    auto body = [path = std::move(path), options](task_context& self) {
        detail::task_monitor monitor(self);
        file_store store(path, file_access::write);
        return resize_image(store, monitor, options);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
