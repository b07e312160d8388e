// SPDX-License-Identifier: BSL-1.0
//
// Compacts a disk from coroutines: one waits for the result, with a time limit;
// another shows the progress meanwhile.
//
//     coroutine DISK.vhd SECONDS
//
// Exits 0 when the disk is compact, 1 when it is not, 2 on bad usage.
//
// Every task is posted first, its handle gets a name, and only the named handle is
// awaited. That is on purpose: g++ 12 miscompiles some temporaries inside a
// co_await expression, lambdas with captures among them.

#include <vmtask/engine.hpp>
#include <vmtask/vhd/compact.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <charconv>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using namespace asio::experimental::awaitable_operators;
using asio::use_awaitable;
using std::chrono::seconds;

using compaction = vmtask::task<vmtask::vhd::compact_report>;

/// Prints the progress once a second until the task has ended.
///
/// `||` completes with the first of the two and gives up the other. A wait that
/// is given up leaves its task alone.
asio::awaitable<void> show_progress(compaction task)
{
    asio::steady_timer second(co_await asio::this_coro::executor);
    while (!task.is_complete()) {
        std::cout << task.percent_completed() << " %" << std::endl;
        second.expires_after(seconds(1));
        co_await (task.async_wait(use_awaitable) || second.async_wait(use_awaitable));
    }
}

/// Whether the task ended within the time.
asio::awaitable<bool> ends_within(compaction task, seconds limit)
{
    std::error_code wait;
    co_await task.async_wait_for(limit, asio::redirect_error(use_awaitable, wait));
    co_return wait != vmtask::errc::timed_out;
}

asio::awaitable<void> compact_disk(vmtask::engine& engine, std::string disk, seconds limit)
{
    const compaction task = vmtask::vhd::compact(engine, disk);
    asio::co_spawn(co_await asio::this_coro::executor, show_progress(task), asio::detached);

    const bool in_time = co_await ends_within(task, limit);
    if (!in_time) {
        task.request_cancel();
        std::cout << "out of time, stopping" << std::endl;
    }
    // Also after a cancel: the task stops at its next checkpoint, and may even
    // get to its end before. Its result says which; when it failed, this throws.
    const vmtask::vhd::compact_report report = co_await task.async_result(use_awaitable);
    std::cout << disk << ": done, " << report.file_size_before << " -> " << report.file_size_after << " bytes"
              << std::endl;
}

int run(const std::string& disk, seconds limit)
{
    asio::io_context loop; // outlives the engine, which posts to it
    vmtask::engine engine;
    int exit_code = 1;
    asio::co_spawn(loop, compact_disk(engine, disk, limit), [&](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
        exit_code = 0;
    });
    try {
        loop.run();
    } catch (const std::system_error& failure) {
        if (failure.code() == vmtask::errc::cancelled) std::cerr << disk << ": cancelled, the disk is whole\n";
        else std::cerr << failure.what() << '\n'; // it names the disk
    }
    return exit_code;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view limit = argc == 3 ? argv[2] : "";
    unsigned limit_seconds = 0;
    const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), limit_seconds);
    if (limit.empty() || error != std::errc() || end != limit.data() + limit.size()) {
        std::cerr << "usage: coroutine DISK.vhd SECONDS\n";
        return 2;
    }
    return run(argv[1], seconds(limit_seconds));
}
