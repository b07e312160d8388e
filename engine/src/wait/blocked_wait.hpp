// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"

#include <vmtask/detail/awaited_tasks.hpp>

#include <cstdint>
#include <span>

namespace vmtask::detail {

struct engine_thread;

/// A wait in which a thread of an engine blocks: until all, or any, of some
/// tasks have ended.
class blocked_wait {
public:
    using targets = std::span<task_record* const>;

    /// The targets outlive it.
    blocked_wait(wait_kind kind, targets tasks) noexcept : kind_(kind), tasks_(tasks) {}
    blocked_wait(const blocked_wait&) = delete;
    blocked_wait& operator=(const blocked_wait&) = delete;

    [[nodiscard]] wait_kind kind() const noexcept { return kind_; }
    [[nodiscard]] targets tasks() const noexcept { return tasks_; }

    /// Which wait of which thread it is: the same for no other one.
    struct name {
        const engine_thread* thread = nullptr;
        std::uint64_t number = 0;
        friend bool operator==(const name&, const name&) = default;
    };
    name called{}; // set before anybody else can see it

private:
    const wait_kind kind_;
    const targets tasks_;
};

} // namespace vmtask::detail
