// SPDX-License-Identifier: BSL-1.0
//
// What can be asked of an engine about tasks, past and present: how each came
// out, which there are, what they cost, and what happens as it happens.
//
//     task_history
//
// Prints a log, a history and some metrics; exits 0.

#include <vmtask/engine.hpp>
#include <vmtask/prometheus.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

/// Writes a line for each begin and each end.
class task_log final : public vmtask::task_observer {
    void began(const vmtask::observed_task& task) noexcept override { write(task, "began"); }
    void ended(const vmtask::observed_task& task, vmtask::task_state state, std::error_code) noexcept override
    {
        write(task, to_string(state));
    }

    void write(const vmtask::observed_task& task, std::string_view what) noexcept
    {
        const std::lock_guard lock(mutex_); // several tasks at once
        std::cout << "log: " << task.kind << " of " << task.description << ' ' << what << '\n';
    }

    std::mutex mutex_;
};

void compact(vmtask::task_context& self)
{
    self.report_step("looking for empty blocks");
    self.add_warning("12 blocks lie outside the file");
}

void merge(vmtask::task_context& self)
{
    self.report_step("copying blocks");
    try {
        throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "write");
    } catch (...) {
        std::throw_with_nested(std::runtime_error("cannot copy block 7"));
    }
}

void print_outcome(const vmtask::task_handle& task)
{
    const vmtask::task_outcome said = task.outcome();
    std::cout << task.id() << ": " << said.kind << " of " << task.description() << " for " << said.initiator << ": "
              << to_string(said.state);
    if (!said.step.empty()) std::cout << " while " << said.step;
    if (!said.message.empty()) std::cout << ": " << said.message;
    for (const vmtask::failure_cause& cause : said.causes) std::cout << ", because of " << cause.message;
    for (const std::string& warning : said.warnings) std::cout << ", warning: " << warning;
    if (!said.cancel_requested_by.empty()) std::cout << ", cancelled by " << said.cancel_requested_by;
    std::cout << '\n';
}

void print_history(const vmtask::engine& engine, const vmtask::task_filter& filter)
{
    for (vmtask::page_bounds bounds{.limit = 2};;) {
        const vmtask::task_page page = engine.tasks(filter, bounds);
        for (const vmtask::task_handle& task : page.tasks) print_outcome(task);
        if (page.next == 0) return;
        bounds.after = page.next;
    }
}

void print_metrics(const vmtask::engine& engine)
{
    const std::string text = to_prometheus(engine.metrics(), "example");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("vmtask_tasks_ended_total")) std::cout << line << '\n';
}

} // namespace

int main()
{
    vmtask::engine engine({.workers = 1, .observers = {std::make_shared<task_log>()}});
    const auto first = engine.post(compact, {.description = "a.vhd", .kind = "compact", .initiator = "night shift"});
    const auto second = engine.post(merge, {.description = "b.vhd", .kind = "merge", .initiator = "night shift"});
    const auto third = engine.post(compact,
                                   {.description = "c.vhd",
                                    .kind = "compact",
                                    .initiator = "night shift",
                                    .after = {first, second},
                                    .after_failure = vmtask::after_failure::begin});
    (void)third.request_cancel("operator"); // unless it has ended already
    (void)engine.shutdown(vmtask::shutdown_mode::drain);

    print_history(engine, {.states = vmtask::state_set::ended(), .initiator = "night shift"});
    print_metrics(engine);
}
