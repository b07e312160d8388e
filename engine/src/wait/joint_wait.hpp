// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wait/pending_wait.hpp"
#include "wait/wait_set.hpp"

#include <vmtask/detail/awaited_tasks.hpp>
#include <vmtask/detail/completion.hpp>

#include <cstddef>

namespace vmtask::detail {

/// A wait for the ends of several tasks. Its members are right behind it.
class joint_wait final : public wait_set, public pending_wait {
public:
    joint_wait(wait_target&& target, completion& told) noexcept;

    [[nodiscard]] static std::size_t size_for(std::size_t tasks) noexcept;

    void begin(give_up_handler* give_up) noexcept override;
    void name_to(give_up_handler& give_up) noexcept override;
    [[nodiscard]] settled_wait settle(bool is_called) noexcept override;

private:
    void finished() noexcept override { be_over(); }
    bool take_back() noexcept override;
    // They may be of several engines, each of which may end before the last of them.
    bool pins_late() const noexcept override { return true; }
    engine_core* core_behind(const asio::execution_context* context) const noexcept override;

    awaited_tasks tasks_;
};

} // namespace vmtask::detail
