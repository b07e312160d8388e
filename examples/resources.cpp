// SPDX-License-Identifier: BSL-1.0

// A night's maintenance of some disks, as one task with many parts: each disk
// is checked, then compacted, by whoever gets to it; never two at one disk,
// never more than two at the array that they are on.
//
//     resources           does it all
//     resources --cancel  changes its mind once all is posted

#include <vmtask/engine.hpp>

#include <chrono>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// Lines of several threads, one at a time.
void say(const std::string& text)
{
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    std::cout << text << std::endl;
}

/// Stands for real work on a disk.
void work(vmtask::task_context& self, const std::string& what)
{
    say("begin " + what);
    for (int i = 1; i <= 20; ++i) {
        self.checkpoint(); // where a cancel stops it and a pause holds it
        std::this_thread::sleep_for(1ms);
        self.report_progress(i / 20.0);
    }
    say("end " + what);
}

/// Posts what is to be done with one disk, as parts of the whole.
void maintain(vmtask::engine& engine, const vmtask::task_handle& whole, const std::string& disk)
{
    const vmtask::task_handle check = engine.post([disk](vmtask::task_context& self) { work(self, "check " + disk); },
                                                  {.description = "check " + disk,
                                                   .kind = "check",
                                                   .lane = "array",
                                                   .claims = {vmtask::shared(disk)},
                                                   .parent = whole});
    engine.post([disk](vmtask::task_context& self) { work(self, "compact " + disk); },
                {.description = "compact " + disk,
                 .kind = "compact",
                 .priority = vmtask::task_priority::low,
                 .lane = "array",
                 .claims = {vmtask::exclusive(disk)},
                 .after = {check}, // and not at all if the check fails
                 .parent = whole,
                 .limits = {.running = 1h, .without_progress = 5min},
                 .retry = vmtask::retry_policy{.attempts = 3, .first_delay = 100ms}});
}

/// Says what each task that has not begun is waiting for.
void explain(const vmtask::engine& engine)
{
    for (const vmtask::task_handle& task : engine.tasks()) {
        const vmtask::obstacle obstacle = task.obstacle();
        if (obstacle.kind == vmtask::obstacle_kind::none) continue;
        std::string text = task.description() + " waits for " + std::string(to_string(obstacle.kind));
        if (!obstacle.name.empty()) text += " " + obstacle.name;
        for (const vmtask::task_handle& other : obstacle.tasks) text += ", " + other.description();
        say(text);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const bool cancels = argc > 1 && std::string_view(argv[1]) == "--cancel";
    vmtask::engine engine({.workers = 4, .lanes = {{.name = "array", .limit = 2}}});

    const vmtask::task_handle maintenance = engine.post(
        [&engine, cancels](vmtask::task_context& self) {
            for (const char* disk : {"a.vhd", "b.vhd", "c.vhd"}) maintain(engine, self.handle(), disk);
            if (cancels) self.handle().request_cancel(); // reaches every part, as it would from anybody else
            self.checkpoint();
        },
        {.description = "maintenance"});

    // The same disk, wanted by somebody else at the same time.
    try {
        engine.post([](vmtask::task_context& self) { work(self, "merge a.vhd"); },
                    {.description = "merge a.vhd",
                     .claims = {vmtask::exclusive("a.vhd")},
                     .when_busy = vmtask::when_busy::fail});
    } catch (const vmtask::resource_busy& error) {
        say(error.what());
    }

    explain(engine);
    if (maintenance.wait_for_completion() != vmtask::wait_status::completed) return 1; // it ends after all its parts
    say("maintenance " + std::string(to_string(maintenance.state())));
    return maintenance.state() == vmtask::task_state::succeeded ? 0 : 1;
}
