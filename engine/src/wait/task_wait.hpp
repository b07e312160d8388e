// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/waiter.hpp"
#include "wait/pending_wait.hpp"

#include <vmtask/detail/completion.hpp>

#include <memory>
#include <system_error>

namespace vmtask::detail {

[[nodiscard]] std::error_code code_of(wait_outcome outcome) noexcept;

/// A wait for something of one task: its end, or that it is not paused any more.
class task_wait : public waiter, public pending_wait {
public:
    task_wait(wait_target&& target, completion& told) noexcept;

    void complete(wait_outcome outcome) noexcept final;
    void begin(give_up_handler* give_up) noexcept final;
    void name_to(give_up_handler& give_up) noexcept final;
    [[nodiscard]] settled_wait settle(bool is_called) noexcept final;
    void abandon() noexcept final;

private:
    /// False when it is over; nothing was listed then. Touches nothing of its own once
    /// the wait is listed: it may be gone then.
    [[nodiscard]] virtual bool list(give_up_handler* give_up) noexcept;

    engine_core* core_behind(const asio::execution_context* context) const noexcept final;
    bool take_back() noexcept final;

    const bool is_for_resumption_;
    bool is_pause_told_ = false;
    wait_outcome outcome_ = wait_outcome::pending;
    intrusive_ptr<task_record> task_;
};

/// A wait for the journal's answer to a request that a task is concerned with.
class answer_wait final : public task_wait {
public:
    answer_wait(wait_target&& target, completion& told) noexcept;

private:
    bool list(give_up_handler* give_up) noexcept override;

    std::shared_ptr<journal_request> request_; // until it is listed
};

} // namespace vmtask::detail
