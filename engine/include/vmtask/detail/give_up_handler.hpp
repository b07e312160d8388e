// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/intrusive_ptr.hpp>

#include <asio/cancellation_type.hpp>

namespace vmtask::detail {

class task_record;
class waiter;

/// What an asynchronous wait leaves in the cancellation slot of its handler.
///
/// It and the waiter know each other under the task's lock, and each unties
/// the other when it goes. So a signal that comes after the end finds nothing,
/// and one that comes in time finds its waiter without a search.
class give_up_handler {
public:
    explicit give_up_handler(intrusive_ptr<task_record> record) noexcept;
    ~give_up_handler();
    give_up_handler(const give_up_handler&) = delete;
    give_up_handler& operator=(const give_up_handler&) = delete;

    /// Gives up the wait, whatever the type: waiting has no side effects, so
    /// even the mildest request can be met.
    void operator()(asio::cancellation_type) noexcept;

private:
    friend class task_record;

    intrusive_ptr<task_record> record_;
    waiter* target_ = nullptr; // guarded by the task's lock
};

} // namespace vmtask::detail
