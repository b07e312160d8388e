// SPDX-License-Identifier: BSL-1.0

#include <vmtask/engine.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/merge.hpp>

#include "core/fail.hpp"
#include "file/folder.hpp"
#include "file/new_file.hpp"
#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <utility>

namespace vmtask::vhd {

namespace {

merge_report merge_chain(disk_chain& chain, bool keep_child, work_monitor& monitor)
{
    if (chain.links().size() == 1) detail::fail(chain.store(), errc::not_differencing);
    image parent(chain.store(1), chain.beneath(1));
    merge_report report = merge_image(chain.reader(), parent, monitor);
    report.parent_seems_changed = chain.seems_changed();
    if (keep_child) return report;
    monitor.point_of_no_return();
    monitor.step("removing the child");
    detail::remove_file(chain.store(), chain.links().front().path);
    report.child_removed = true;
    return report;
}

write_report merge_chain_into(disk_chain& chain, const std::filesystem::path& target, const write_options& options,
                              work_monitor& monitor)
{
    detail::new_file file(target);
    chain.store().read_ahead();
    file.store().write_through();
    write_report report = write_image(file.store(), chain.reader(), options, monitor);
    report.parent_seems_changed = chain.seems_changed();
    monitor.point_of_no_return();
    file.publish();
    return report;
}

void describe_merge(task_options& about, const std::filesystem::path& child)
{
    detail::describe(about, "merge", "merge " + child.string());
}

/// Also claims the target.
void describe_merge(task_options& about, const std::filesystem::path& disk, const std::filesystem::path& target)
{
    detail::describe(about, "merge into", "merge " + disk.string() + " into " + target.string());
    detail::claim(about, target, claim_mode::exclusive);
}

} // namespace

task<merge_report> merge(engine& where, std::filesystem::path child, merge_options options, task_options about)
{
    describe_merge(about, child);
    detail::claim(about, child, claim_mode::exclusive);
    detail::claim_parent(about, options.chain, claim_mode::exclusive);
    auto body = [child = std::move(child), options = std::move(options)](task_context& self) {
        detail::task_monitor monitor(self);
        monitor.step("checking the chain");
        disk_chain chain(child, chain_access::write_child_pair, options.chain);
        return merge_chain(chain, options.keep_child, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<merge_report> merge(engine& where, disk_chain chain, bool keep_child, task_options about)
{
    describe_merge(about, chain.links().front().path);
    detail::claim(about, chain, /*written=*/2);
    auto body = [chain = std::move(chain), keep_child](task_context& self) mutable {
        detail::task_monitor monitor(self);
        return merge_chain(chain, keep_child, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<write_report> merge_into(engine& where, std::filesystem::path disk, std::filesystem::path target,
                              write_options options, chain_options chain, task_options about)
{
    describe_merge(about, disk, target);
    detail::claim(about, disk, claim_mode::shared);
    detail::claim_parent(about, chain, claim_mode::shared);
    auto body = [disk = std::move(disk), target = std::move(target), options,
                 chain = std::move(chain)](task_context& self) {
        detail::task_monitor monitor(self);
        monitor.step("checking the chain");
        disk_chain opened(disk, chain_access::read, chain);
        return merge_chain_into(opened, target, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

task<write_report> merge_into(engine& where, disk_chain chain, std::filesystem::path target, write_options options,
                              task_options about)
{
    describe_merge(about, chain.links().front().path, target);
    detail::claim(about, chain, /*written=*/0);
    auto body = [chain = std::move(chain), target = std::move(target), options](task_context& self) mutable {
        detail::task_monitor monitor(self);
        return merge_chain_into(chain, target, options, monitor);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
