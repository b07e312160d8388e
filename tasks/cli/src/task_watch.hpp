// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "exit_code.hpp"
#include "reporter.hpp"

#include <vmtask/task_handle.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace vmtask::cli {

/// Lets a user watch a task and stop it: the program's event loop.
///
/// One thread, which never blocks, awaits all that may happen: the end of the
/// task, a signal, the time-out, the next moment to show the progress. SIGINT
/// and SIGTERM are ours from construction to destruction.
class task_watch {
public:
    /// `disk` is for messages.
    task_watch(reporter& report, std::string disk);

    /// Returns when the task has ended, and whether it was asked to stop, and
    /// why. Asked to or not, it may have succeeded, failed or been cancelled.
    std::optional<exit_code> run(const task_handle& task, std::optional<std::chrono::duration<double>> timeout);

private:
    void await_end();
    void await_timeout(std::chrono::duration<double> timeout);
    void await_signal();
    void await_next_look();
    void on_signal(int signal);
    void stop(exit_code why, const std::string& reason);

    reporter& report_;
    std::string disk_;
    task_handle task_;
    std::optional<exit_code> asked_to_stop_;
    asio::io_context loop_{1};
    asio::signal_set signals_;
    asio::steady_timer next_look_;
};

} // namespace vmtask::cli
