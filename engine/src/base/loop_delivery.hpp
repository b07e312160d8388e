// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>

namespace vmtask::detail {

template <class>
class mpsc_queue;

/// Something for the event loop to call, which brings its own memory: cheaper
/// than to be posted to an io_context.
class loop_delivery {
public:
    loop_delivery(const loop_delivery&) = delete;
    loop_delivery& operator=(const loop_delivery&) = delete;

    /// Called once, on the event loop, as the last that is done to it. May
    /// throw what the user's handler throws.
    virtual void deliver() = 0;

protected:
    loop_delivery() = default;
    ~loop_delivery() = default;

private:
    friend class mpsc_queue<loop_delivery>;

    std::atomic<loop_delivery*> next_{nullptr};
};

} // namespace vmtask::detail
