// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/patience.hpp"

#include <vmtask/task_context.hpp>

#include <atomic>
#include <chrono>
#include <thread>

namespace vmtask::test {

/// Holds tasks and handlers where the test wants them until it lets them go.
///
/// Declare it before the engine: whoever is held refers to it.
class gate {
public:
    void open() noexcept { open_ = true; }

    /// Holds a task. It gives way to a cancel first, even when the gate is
    /// open, so a cancel before open() always shows, and a test that fails
    /// early ends when its engine does.
    void hold(task_context& task)
    {
        ++arrivals_;
        for (;;) {
            task.checkpoint();
            if (open_) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Holds anybody, deaf to cancels. It lets go in the end so that a failing
    /// test ends too; still_holding() is then false.
    void hold_regardless() noexcept
    {
        ++arrivals_;
        const auto deadline = std::chrono::steady_clock::now() + 2 * patience;
        while (!open_) {
            if (std::chrono::steady_clock::now() >= deadline) gave_up_ = true;
            if (gave_up_) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Waits until `count` were held here; false when patience ran out first.
    [[nodiscard]] bool reached(int count = 1) const
    {
        return eventually([&] { return arrivals_ >= count; });
    }

    /// True while nobody has been let through.
    [[nodiscard]] bool still_holding() const noexcept { return !open_ && !gave_up_; }

private:
    std::atomic<bool> open_{false};
    std::atomic<bool> gave_up_{false};
    std::atomic<int> arrivals_{0};
};

} // namespace vmtask::test
