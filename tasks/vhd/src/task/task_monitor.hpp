// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task_context.hpp>
#include <vmtask/vhd/work_monitor.hpp>

namespace vmtask::vhd::detail {

/// Lets work on a disk talk to the task that it runs in.
class task_monitor final : public work_monitor {
public:
    explicit task_monitor(task_context& task) : task_(task) { task_.set_progress_unit("bytes"); }

    void report(std::uint64_t done_bytes, std::uint64_t total_bytes) override
    {
        task_.report_progress(done_bytes, total_bytes);
    }
    void step(std::string_view text) override { task_.report_step(text); }
    void checkpoint() override { task_.checkpoint(); }
    void point_of_no_return() override { task_.point_of_no_return(); }

private:
    task_context& task_;
};

} // namespace vmtask::vhd::detail
