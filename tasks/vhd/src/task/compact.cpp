// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/compact.hpp>

#include <vmtask/engine.hpp>

#include "task/disk_task.hpp"
#include "task/task_monitor.hpp"

#include <memory>
#include <utility>

namespace vmtask::vhd {

task<compact_report> compact(engine& where, std::filesystem::path path, compact_options options, chain_options chain,
                             task_options about)
{
    detail::describe(about, "compact", "compact " + path.string());
    detail::claim(about, path, claim_mode::exclusive);
    detail::claim_parent(about, chain, claim_mode::shared);
    auto body = [path = std::move(path), options, chain = std::move(chain)](task_context& self) {
        detail::task_monitor monitor(self);
        monitor.step("checking the image");
        disk_chain disk(path, chain_access::write_child, chain);
        compact_report report = compact_image(disk.store(), monitor, options, disk.beneath());
        report.parent_seems_changed = disk.seems_changed();
        return report;
    };
    return where.post(std::move(body), std::move(about));
}

task<compact_report> compact(engine& where, std::unique_ptr<byte_store> store, compact_options options,
                             task_options about)
{
    detail::describe(about, "compact", "compact " + store->name());
    if (const auto* file = dynamic_cast<const file_store*>(store.get()))
        detail::claim(about, *file, claim_mode::exclusive);
    auto body = [store = std::move(store), options](task_context& self) {
        detail::task_monitor monitor(self);
        return compact_image(*store, monitor, options);
    };
    return where.post(std::move(body), std::move(about));
}

} // namespace vmtask::vhd
