// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "record/waiter.hpp"

#include <vmtask/detail/intrusive_ptr.hpp>

#include <exception>
#include <system_error>

namespace vmtask::detail {

class give_up_handler;

/// A post or a cancel that is on its way, as it waits for the journal. It goes on to
/// its end whether somebody waits for that or not.
class journal_request {
public:
    journal_request(const journal_request&) = delete;
    journal_request& operator=(const journal_request&) = delete;
    virtual ~journal_request() = default;

    /// Lists who waits for the answer. False when that is there; nothing was listed
    /// then.
    [[nodiscard]] virtual bool add_waiter(waiter& added, give_up_handler* give_up) noexcept = 0;

    // The answer, for those who were told that it is there.
    /// Of a cancel: what request_cancel() returns.
    [[nodiscard]] std::error_code error() const noexcept { return error_; }
    /// Of a post: what post() throws; null when it does not.
    [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
    /// Of a post: the task, or the one that it has joined; null when it was refused.
    [[nodiscard]] const intrusive_ptr<task_record>& posted() const noexcept { return posted_; }

protected:
    journal_request() noexcept = default;

    std::error_code error_;
    std::exception_ptr failure_;
    intrusive_ptr<task_record> posted_;
};

} // namespace vmtask::detail
