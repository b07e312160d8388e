// SPDX-License-Identifier: BSL-1.0
//
// Waits for several tasks at once: by a thread that blocks, by a handler, and by
// a future.
//
//     several_tasks

#include <vmtask/engine.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

vmtask::task<int> post_work(vmtask::engine& engine, int work)
{
    return engine.post([work](vmtask::task_context& self) {
        for (int i = 0; i < work; ++i) {
            self.checkpoint();
            std::this_thread::sleep_for(10ms);
        }
        return work * work;
    });
}

bool block(const std::vector<vmtask::task<int>>& tasks)
{
    const vmtask::first_to_end first = vmtask::when_any(tasks).wait_for_completion(60s);
    if (first.status != vmtask::wait_status::completed) return false;
    std::cout << "the first to end is number " + std::to_string(first.index) + "\n";

    // One time-out for all of them.
    return vmtask::when_all(tasks).wait_for_completion(60s) == vmtask::wait_status::completed;
}

} // namespace

int main()
{
    vmtask::engine engine({.workers = 3});
    const std::vector<vmtask::task<int>> tasks{post_work(engine, 30), post_work(engine, 3), post_work(engine, 20)};

    // On the event loop, as it has no executor of its own.
    vmtask::when_any(tasks).async_wait_for(60s, [](std::error_code error, std::size_t index) {
        if (!error) std::cerr << "told of number " + std::to_string(index) + "\n";
    });
    std::future<void> all_ended = vmtask::when_all(tasks).async_wait(asio::use_future);

    if (!block(tasks)) return 1;
    all_ended.get();
    for (const auto& task : tasks) std::cout << task.result() << '\n';
}
