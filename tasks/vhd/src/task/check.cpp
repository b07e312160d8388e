// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

task<check_report> check(engine& where, std::filesystem::path path)
{
    task_options about;
    about.description = "check " + path.string();
    auto body = [path = std::move(path)](task_context& self) {
        detail::task_monitor monitor(self);
        file_store store(path, file_access::read);
        return check_image(store, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<check_report> repair(engine& where, std::filesystem::path path)
{
    task_options about;
    about.description = "repair " + path.string();
    auto body = [path = std::move(path)](task_context& self) {
        detail::task_monitor monitor(self);
        file_store store(path, file_access::write);
        return repair_image(store, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
