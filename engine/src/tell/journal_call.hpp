// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <system_error>

namespace vmtask::detail {

class engine_core;

/// Something that the journal is offered, and the answer that its receipt brings.
///
/// Who offers it and who completes the receipt meet here, and the second of them
/// goes on with it: so a journal that answers at once makes no deeper calls, and one
/// that answers later blocks nobody.
class journal_call {
public:
    explicit journal_call(engine_core& core) noexcept : core_(core) {}
    journal_call(const journal_call&) = delete;
    journal_call& operator=(const journal_call&) = delete;

    /// By the receipt, once. The call may be gone when this returns.
    void complete(std::error_code error) noexcept;

    /// By who has offered it, once. True when the answer is there already, and who
    /// asks goes on; else it may be gone.
    [[nodiscard]] bool is_answered() noexcept { return one_has_come_.exchange(true, std::memory_order_acq_rel); }

    /// Nothing when it was kept. Precondition: the answer is there.
    [[nodiscard]] std::error_code answer() const noexcept { return answer_; }

protected:
    ~journal_call() = default;
    [[nodiscard]] engine_core& core() const noexcept { return core_; }

private:
    /// The answer has come after the offer: has somebody go on who may.
    virtual void go_on() noexcept = 0;

    engine_core& core_;
    std::error_code answer_;
    std::atomic<bool> one_has_come_{false};
};

} // namespace vmtask::detail
