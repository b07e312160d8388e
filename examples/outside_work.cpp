// SPDX-License-Identifier: BSL-1.0
//
// A task for work that somebody else does, stopped by a stop token; a pause; and
// a shutdown that names who will not stop.
//
//     outside_work

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include <chrono>
#include <iostream>
#include <latch>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

namespace {

/// Stands for a backup that another program makes.
void back_up(vmtask::task_source<int> source)
{
    constexpr int files = 1'000'000;
    for (int file = 1; file <= files; ++file) {
        if (source.context().stop_requested()) {
            source.set_error(vmtask::errc::cancelled);
            return;
        }
        source.context().report_progress(static_cast<double>(file) / files);
        std::this_thread::sleep_for(1ms);
    }
    source.set_value(files); // dropped without a word, it would have failed
}

void wait_until(const vmtask::task_handle& task, vmtask::task_state state)
{
    while (task.state() != state) std::this_thread::sleep_for(1ms);
}

void check(vmtask::task_context& self)
{
    for (;;) {
        self.checkpoint();
        std::this_thread::sleep_for(1ms);
    }
}

/// Waits for the task. From here that cannot be refused; from a body it could.
void require_end_of(const vmtask::task_handle& task)
{
    if (task.wait_for_completion() != vmtask::wait_status::completed) throw std::logic_error("a wait was refused");
}

} // namespace

int main()
{
    std::latch deaf_may_end(1);
    vmtask::engine engine({.workers = 2});

    std::stop_source night_is_over;
    vmtask::task_source<int> source(engine, {.description = "backup", .stop = night_is_over.get_token()});
    const vmtask::task<int> backup = source.handle();
    std::thread elsewhere(back_up, std::move(source));

    const vmtask::task<> checking = engine.post(check, {.description = "check"});
    wait_until(checking, vmtask::task_state::running);
    checking.pause();
    wait_until(checking, vmtask::task_state::paused); // at its next checkpoint
    checking.resume();
    std::cout << "check has paused\n";

    night_is_over.request_stop();
    require_end_of(backup);
    std::cout << "backup " << to_string(backup.state()) << '\n';
    elsewhere.join();

    const vmtask::task<> deaf =
        engine.post([&](vmtask::task_context&) { deaf_may_end.wait(); }, {.description = "deaf"});
    wait_until(deaf, vmtask::task_state::running);
    checking.request_cancel();
    require_end_of(checking);

    const vmtask::shutdown_report report = engine.shutdown(vmtask::shutdown_mode::cancel, 100ms);
    for (const vmtask::task_handle& task : report.unfinished) std::cout << task.description() << " does not stop\n";
    deaf_may_end.count_down();
    std::cout << engine.shutdown(vmtask::shutdown_mode::cancel).unfinished.size() << " tasks left\n";
}
