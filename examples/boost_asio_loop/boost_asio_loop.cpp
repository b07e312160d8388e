// SPDX-License-Identifier: BSL-1.0
//
// A task in a program whose loop is Boost.Asio's: async_end() below is to Boost.Asio
// an operation like any other, which takes each of its completion tokens.
//
// The two Asios go into one program, but not into one source file: some versions
// define the same names outside of their namespaces. So the task is in a file of its
// own, counting.cpp, and the two meet in a header that includes neither.
//
//     boost_asio_loop STEPS MILLISECONDS
//
// Exits 0 when the task has succeeded, 1 when it was cancelled, 2 on bad usage.

#include "counting.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>

namespace {

/// Completes when the task has ended, on the handler's executor, else on that of the
/// loop, which has work until then. Completion signature: void(std::error_code).
template <class Token>
auto async_end(const counting& task, boost::asio::io_context& loop, Token&& token)
{
    const auto begin = [&task, &loop](auto handler) {
        auto work = boost::asio::make_work_guard(boost::asio::get_associated_executor(handler, loop.get_executor()));
        // Handlers may be movable only, and a std::function is not.
        const auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        task.when_ended([kept, work = std::move(work)](std::error_code error) {
            boost::asio::post(work.get_executor(), [kept, error] { (*kept)(error); });
        });
    };
    return boost::asio::async_initiate<Token, void(std::error_code)>(begin, token);
}

int run(int steps, std::chrono::milliseconds limit)
{
    boost::asio::io_context loop; // outlives the engine, which posts to it
    const counting task(steps);

    boost::asio::steady_timer out_of_time(loop, limit);
    out_of_time.async_wait([&](boost::system::error_code error) {
        if (error) return;
        std::cout << "out of time at " << task.percent() << " %\n";
        task.request_cancel();
    });
    async_end(task, loop, [&](std::error_code) { out_of_time.cancel(); });
    loop.run();

    std::cout << (task.has_succeeded() ? "counted to " : "not counted: ") << task.outcome() << '\n';
    return task.has_succeeded() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: boost_asio_loop STEPS MILLISECONDS\n";
        return 2;
    }
    return run(std::atoi(argv[1]), std::chrono::milliseconds(std::atoi(argv[2])));
}
