// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

namespace vmtask {

namespace detail {

class pause_watch;

} // namespace detail

/// Whoever is told when a task is paused and resumed, as long as this is there; see
/// task_context::on_pause. It may outlive the task and the engine.
///
/// Thread safety: none, but it may be destroyed on any thread.
class pause_subscription {
public:
    /// Of nothing.
    pause_subscription() noexcept = default;
    explicit pause_subscription(std::shared_ptr<detail::pause_watch> watch) noexcept : watch_(std::move(watch)) {}
    pause_subscription(pause_subscription&& other) noexcept = default;
    pause_subscription& operator=(pause_subscription&& other) noexcept
    {
        pause_subscription gone(std::move(*this));
        watch_ = std::move(other.watch_);
        return *this;
    }
    /// Waits for a call of the callback that is under way, unless it is made in that.
    /// None comes after it, and the callback is destroyed.
    ~pause_subscription();

private:
    std::shared_ptr<detail::pause_watch> watch_;
};

} // namespace vmtask
