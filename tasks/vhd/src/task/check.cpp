// SPDX-License-Identifier: BSL-1.0

#include <vmtask/engine.hpp>
#include <vmtask/vhd/check.hpp>
#include <vmtask/vhd/file_store.hpp>

#include "file/examine_parents.hpp"
#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

namespace {

check_report check_file(const std::filesystem::path& path, const chain_options& chain, work_monitor& monitor)
{
    file_store store(path, file_access::read);
    check_report report = check_image(store, monitor);
    detail::examine_parents(report, path, chain);
    return report;
}

check_report repair_file(const std::filesystem::path& path, const chain_options& chain, work_monitor& monitor)
{
    check_report report;
    {
        // Not longer than it takes: with it nobody opens the chain, not even we.
        file_store store(path, file_access::write);
        report = repair_image(store, monitor);
    }
    detail::examine_parents(report, path, chain);
    return report;
}

} // namespace

task<check_report> check(engine& where, std::filesystem::path path, chain_options chain, task_options about)
{
    detail::describe(about, "check", "check " + path.string());
    detail::claim(about, path, claim_mode::shared);
    detail::claim_parent(about, chain, claim_mode::shared);
    auto body = [path = std::move(path), chain = std::move(chain)](task_context& self) {
        detail::task_monitor monitor(self);
        return check_file(path, chain, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<check_report> repair(engine& where, std::filesystem::path path, chain_options chain, task_options about)
{
    detail::describe(about, "repair", "repair " + path.string());
    detail::claim(about, path, claim_mode::exclusive);
    detail::claim_parent(about, chain, claim_mode::shared);
    auto body = [path = std::move(path), chain = std::move(chain)](task_context& self) {
        detail::task_monitor monitor(self);
        return repair_file(path, chain, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
