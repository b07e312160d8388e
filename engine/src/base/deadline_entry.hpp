// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/deadline.hpp>

namespace vmtask::detail {

/// Something that the timer loop is to do at a point of time.
///
/// The links live in the entry itself, so that arming one allocates nothing.
class deadline_entry {
public:
    deadline_entry(const deadline_entry&) = delete;
    deadline_entry& operator=(const deadline_entry&) = delete;

    [[nodiscard]] steady_time deadline() const noexcept { return deadline_; }

protected:
    explicit deadline_entry(steady_time deadline) noexcept : deadline_(deadline) {}
    ~deadline_entry() = default;

    /// Precondition: the entry is with no timer loop.
    void set_deadline(steady_time deadline) noexcept { deadline_ = deadline; }

private:
    friend class deadline_heap;
    friend class timer_loop;

    /// Called under the timer loop's lock when the time has come. False: the
    /// entry is somebody else's by now and must not be touched again.
    virtual bool claim_expiry() noexcept = 0;
    /// Called on the timer loop, without a lock, after claim_expiry said true.
    virtual void expire() noexcept = 0;

    steady_time deadline_;
    // Links of a pairing heap; `previous_` is the left sibling or the parent.
    deadline_entry* child_ = nullptr;
    deadline_entry* next_ = nullptr;
    deadline_entry* previous_ = nullptr;
    bool queued_ = false;
};

} // namespace vmtask::detail
