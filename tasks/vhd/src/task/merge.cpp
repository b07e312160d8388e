// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/merge.hpp>

#include "core/fail.hpp"
#include "file/folder.hpp"
#include "file/new_file.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

namespace {

merge_report merge_file(const std::filesystem::path& child, const merge_options& options, work_monitor& monitor)
{
    monitor.step("checking the chain");
    disk_chain chain(child, chain_access::write_child_pair, options.chain);
    if (chain.links().size() == 1) detail::fail(chain.store(), errc::not_differencing);
    image parent(chain.store(1), chain.beneath(1));
    merge_report report = merge_image(chain.reader(), parent, monitor);
    if (options.keep_child) return report;
    monitor.point_of_no_return();
    monitor.step("removing the child");
    detail::remove_file(chain.store(), child);
    report.child_removed = true;
    return report;
}

write_report merge_file_into(const std::filesystem::path& disk, const std::filesystem::path& target,
                             const write_options& options, const chain_options& where, work_monitor& monitor)
{
    monitor.step("checking the chain");
    disk_chain chain(disk, chain_access::read, where);
    detail::new_file file(target);
    const write_report report = write_image(file.store(), chain.reader(), options, monitor);
    monitor.point_of_no_return();
    file.publish();
    return report;
}

} // namespace

task<merge_report> merge(engine& where, std::filesystem::path child, merge_options options)
{
    task_options about;
    about.description = "merge " + child.string();
    auto body = [child = std::move(child), options = std::move(options)](task_context& self) {
        detail::task_monitor monitor(self);
        return merge_file(child, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<write_report> merge_into(engine& where, std::filesystem::path disk, std::filesystem::path target,
                              write_options options, chain_options chain)
{
    task_options about;
    about.description = "merge " + disk.string() + " into " + target.string();
    auto body = [disk = std::move(disk), target = std::move(target), options,
                 chain = std::move(chain)](task_context& self) {
        detail::task_monitor monitor(self);
        return merge_file_into(disk, target, options, chain, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
