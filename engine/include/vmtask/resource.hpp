// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_handle.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace vmtask {

namespace detail {
class waiting_room;
}

/// Who else may use a resource at the same time.
enum class claim_mode : std::uint8_t {
    exclusive, ///< Nobody.
    shared,    ///< Whoever claims it shared too.
};

/// What a task needs for itself from before it begins until it has ended. A
/// resource is any name that the callers agree upon; it exists while somebody
/// claims it.
struct resource_claim {
    std::string resource;
    claim_mode mode = claim_mode::exclusive;
};

/// A claim to a resource that nobody else may use meanwhile.
[[nodiscard]] inline resource_claim exclusive(std::string resource)
{
    return {std::move(resource), claim_mode::exclusive};
}

/// A claim to a resource that others may use as well, but none exclusively.
[[nodiscard]] inline resource_claim shared(std::string resource)
{
    return {std::move(resource), claim_mode::shared};
}

/// What `post` does when a resource is not free, or others came before.
enum class when_busy : std::uint8_t {
    /// Queues the task until all that it claims is its own.
    queue,
    /// Posts nothing and throws resource_busy.
    fail,
    /// Cancels the queued tasks of the same kind with the same claims, which
    /// this one makes needless, and queues it.
    replace,
    /// Posts nothing if a task of the same kind, with the same claims and the
    /// same type of result, is queued or running and was not asked to stop:
    /// returns the handle of that one. Else queues the task.
    join,
};

/// Thrown by `post` for a task that was not to wait for its resources; the
/// code is errc::resource_busy.
class resource_busy : public std::system_error {
public:
    resource_busy(std::string resource, task_handle holder, std::chrono::steady_clock::duration age);

    /// The claimed resource that is not free.
    [[nodiscard]] const std::string& resource() const noexcept { return resource_; }
    /// A task that holds it, or comes first; it may have ended meanwhile. Empty in
    /// the failure of a task that had predecessors to wait for before.
    [[nodiscard]] const task_handle& holder() const noexcept { return holder_; }
    /// How long ago that task was posted.
    [[nodiscard]] std::chrono::steady_clock::duration age() const noexcept { return age_; }

private:
    friend class detail::waiting_room;

    std::string resource_;
    task_handle holder_;
    std::chrono::steady_clock::duration age_;
};

} // namespace vmtask
