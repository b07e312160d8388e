// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_context.hpp>

#include <atomic>
#include <stop_token>

namespace vmtask::test {

/// The time of a random schedule: it counts the steps of who drives it, so that
/// how long a body lasts does not depend on the machine.
class schedule_clock {
public:
    /// One step on. From then on bodies look for cancels and pauses, too.
    void advance() noexcept
    {
        ++now_;
        look();
    }

    /// Nobody is to linger any more.
    void stop() noexcept
    {
        stopped_ = true;
        look();
    }

    /// Keeps a body for that many steps; a checkpoint all the time.
    void linger(task_context& self, unsigned steps)
    {
        const unsigned until = now_ + steps;
        const std::stop_callback cancelled(self.stop_token(), [this] { look(); });
        for (;;) {
            const unsigned seen = looks_;
            self.checkpoint();
            if (stopped_ || now_ >= until) return;
            looks_.wait(seen);
        }
    }

private:
    void look() noexcept
    {
        ++looks_;
        looks_.notify_all();
    }

    std::atomic<unsigned> now_{0};
    std::atomic<unsigned> looks_{0};
    std::atomic<bool> stopped_{false};
};

} // namespace vmtask::test
