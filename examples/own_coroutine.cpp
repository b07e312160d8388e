// SPDX-License-Identifier: BSL-1.0
//
// Awaits tasks in a coroutine that knows nothing of Asio, and is resumed on the
// executor that it names.
//
//     own_coroutine

#include <vmtask/engine.hpp>

#include <asio/io_context.hpp>

#include <coroutine>
#include <exception>
#include <iostream>

namespace {

/// The simplest coroutine there is: it runs by itself and belongs to nobody.
struct fire_and_forget {
    struct promise_type {
        fire_and_forget get_return_object() noexcept { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

fire_and_forget add_up(vmtask::engine& engine, asio::io_context::executor_type here)
{
    const auto one = engine.post([](vmtask::task_context&) { return 20; });
    const auto other = engine.post([](vmtask::task_context&) { return 22; });
    int sum = co_await one.result_on(here);
    sum += co_await other.result_on(here);

    const auto nothing = engine.post([](vmtask::task_context&) {});
    co_await nothing.resume_on(here);
    std::cout << "the sum is " << sum << '\n';
}

} // namespace

int main()
{
    vmtask::engine engine;
    asio::io_context here;
    add_up(engine, here.get_executor());
    here.run(); // until nothing is awaited here any more
}
