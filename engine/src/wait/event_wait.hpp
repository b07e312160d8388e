// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tell/event_reader.hpp"
#include "wait/pending_wait.hpp"

#include <vmtask/detail/completion.hpp>

#include <cstdint>
#include <memory>
#include <system_error>

namespace vmtask::detail {

/// A wait until there are events to read. What they are is taken where the handler
/// runs: so a handler that comes late gets all that has come meanwhile.
class event_wait final : public pending_read, public pending_wait {
public:
    event_wait(wait_target&& target, completion& told) noexcept;

    void complete(std::error_code error) noexcept override;
    void begin(give_up_handler* give_up) noexcept override;
    void name_to(give_up_handler& give_up) noexcept override;
    [[nodiscard]] settled_wait settle(bool is_called) noexcept override;

private:
    bool take_back() noexcept override;
    engine_core* core_behind(const asio::execution_context* context) const noexcept override;

    const std::shared_ptr<event_reader> reader_;
    const std::uint64_t ticket_;
    std::error_code error_;
};

} // namespace vmtask::detail
