// SPDX-License-Identifier: BSL-1.0

#include "task_watch.hpp"

#include "quantity.hpp"

#include <vmtask/async_wait.hpp>

#include <asio/bind_executor.hpp>

#include <csignal>
#include <system_error>
#include <utility>

namespace vmtask::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto time_between_looks = 100ms;

} // namespace

task_watch::task_watch(reporter& report, std::string disk)
    : report_(report), disk_(std::move(disk)), signals_(loop_, SIGINT, SIGTERM), next_look_(loop_)
{
}

std::optional<exit_code> task_watch::run(const task_handle& task, std::optional<std::chrono::duration<double>> timeout)
{
    task_ = task;
    await_end();
    if (timeout) await_timeout(*timeout);
    await_signal();
    await_next_look();
    loop_.run();
    return asked_to_stop_;
}

void task_watch::await_end()
{
    task_.async_wait(asio::bind_executor(loop_, [this](std::error_code) {
        // Nothing is left to await, so that the loop comes to its end.
        signals_.cancel();
        next_look_.cancel();
    }));
}

void task_watch::await_timeout(std::chrono::duration<double> timeout)
{
    task_.async_wait_for(timeout, asio::bind_executor(loop_, [this, timeout](std::error_code outcome) {
                             if (outcome == errc::timed_out)
                                 stop(exit_code::timed_out, "timed out after " + format_seconds(timeout));
                         }));
}

void task_watch::await_signal()
{
    signals_.async_wait([this](std::error_code outcome, int signal) {
        if (outcome || task_.is_complete()) return;
        on_signal(signal);
        await_signal();
    });
}

void task_watch::await_next_look()
{
    next_look_.expires_after(time_between_looks);
    next_look_.async_wait([this](std::error_code outcome) {
        if (outcome || task_.is_complete()) return;
        report_.progress(task_.progress());
        await_next_look();
    });
}

void task_watch::on_signal(int signal)
{
    if (asked_to_stop_) report_.remark("still_stopping", disk_ + ": still stopping; this disk has to be whole first");
    else if (signal == SIGINT) stop(exit_code::interrupted, "interrupted");
    else stop(exit_code::terminated, "terminated");
}

void task_watch::stop(exit_code why, const std::string& reason)
{
    if (asked_to_stop_ || task_.is_complete()) return;
    asked_to_stop_ = why;
    if (!task_.request_cancel())
        report_.remark("stopping", disk_ + ": " + reason + "; stopping as soon as the disk is whole");
    else report_.remark("finishing", disk_ + ": " + reason + ", but too late to stop; finishing");
}

} // namespace vmtask::cli
