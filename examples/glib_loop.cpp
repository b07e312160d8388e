// SPDX-License-Identifier: BSL-1.0
//
// A task in a program whose main loop is GLib's, as a program with windows has it:
// shows how far it is, cancels it after a time limit, and learns of its end, all on
// the main loop's thread, which neither blocks nor looks again and again.
//
//     glib_loop STEPS MILLISECONDS
//
// Exits 0 when the task has succeeded, 1 when it was cancelled, 2 on bad usage.

#include <vmtask/engine.hpp>

#include <glib.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
using callback = std::function<void()>;

/// Has the loop call it, from any thread: never inside this call, unless that is
/// made on the loop's own thread.
void call_on_main_loop(callback called)
{
    const auto call = [](gpointer data) -> gboolean {
        (*static_cast<callback*>(data))();
        return G_SOURCE_REMOVE;
    };
    const auto destroy = [](gpointer data) { delete static_cast<callback*>(data); };
    g_main_context_invoke_full(nullptr, G_PRIORITY_DEFAULT, call, new callback(std::move(called)), destroy);
}

/// A handler that runs on the main loop: the engine's own loop passes it on.
template <class Function>
auto on_main_loop(Function function)
{
    return [function = std::move(function)](std::error_code error) {
        call_on_main_loop([function, error] { function(error); });
    };
}

int count(vmtask::task_context& self, int steps)
{
    for (int i = 1; i <= steps; ++i) {
        self.checkpoint();
        std::this_thread::sleep_for(1ms);
        self.report_progress(static_cast<double>(i) / steps);
    }
    return steps;
}

int run(int steps, std::chrono::milliseconds limit)
{
    const std::unique_ptr<GMainLoop, void (*)(GMainLoop*)> loop(g_main_loop_new(nullptr, FALSE), g_main_loop_unref);
    vmtask::engine engine; // goes before the loop that it calls
    const vmtask::task<int> task = engine.post([steps](vmtask::task_context& self) { return count(self, steps); });

    task.async_wait_for(limit, on_main_loop([&](std::error_code wait) {
                            if (wait != vmtask::errc::timed_out) return;
                            std::cout << "out of time at " << task.percent_completed() << " %\n";
                            task.request_cancel();
                        }));
    task.async_wait(on_main_loop([&](std::error_code) { g_main_loop_quit(loop.get()); }));
    g_main_loop_run(loop.get());

    if (task.state() != vmtask::task_state::succeeded) {
        std::cout << "not counted: " << task.error().message() << '\n';
        return 1;
    }
    std::cout << "counted to " << task.result() << '\n';
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: glib_loop STEPS MILLISECONDS\n";
        return 2;
    }
    return run(std::atoi(argv[1]), std::chrono::milliseconds(std::atoi(argv[2])));
}
