// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/patience.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace vmtask::test {

/// What handlers and bodies have to say to the test, whose thread alone may
/// use the assertions. Declare it before the engine.
template <class T>
class mailbox {
public:
    void put(T letter)
    {
        const std::lock_guard lock(mutex_);
        letters_.push_back(std::move(letter));
        arrived_.notify_all();
    }

    /// Waits until there are `count` letters at least; false when patience ran
    /// out first.
    [[nodiscard]] bool holds(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        return arrived_.wait_for(lock, patience, [&] { return letters_.size() >= count; });
    }

    [[nodiscard]] std::vector<T> letters() const
    {
        const std::lock_guard lock(mutex_);
        return letters_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<T> letters_;
};

} // namespace vmtask::test
