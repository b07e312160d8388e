// SPDX-License-Identifier: BSL-1.0
//
// An engine on the loop that the program has anyway: a coroutine and a handler of the
// engine's tasks run on the main thread, beside what else the loop does, so that
// nothing there needs a lock. Only the blocking body has a thread of its own.
//
//     callers_loop
//
// Exits 0; run() returns when the last of it has ended.

#include <vmtask/engine.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

namespace {

int count_slowly(vmtask::task_context& self)
{
    using namespace std::chrono_literals;
    for (int i = 0; i < 20; ++i) {
        self.checkpoint();
        std::this_thread::sleep_for(1ms);
    }
    return 20;
}

} // namespace

int main()
{
    const std::thread::id main_thread = std::this_thread::get_id();
    const auto where = [main_thread] { return std::this_thread::get_id() == main_thread ? "here" : "elsewhere"; };

    asio::io_context loop;
    vmtask::engine engine({.event_loop = loop.get_executor()});
    const vmtask::task<int> counted = engine.post([&](vmtask::task_context& self) {
        std::cout << std::string("counting ") + where() + "\n";
        return count_slowly(self);
    });
    const vmtask::task<> doubled = engine.post([&](vmtask::task_context&) -> asio::awaitable<void> {
        const int count = co_await counted.async_result(asio::use_awaitable);
        std::cout << "doubled " << where() << ": " << 2 * count << '\n';
    });
    doubled.async_wait([&](std::error_code) { std::cout << "told " << where() << '\n'; });
    loop.run();
}
