// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/loop_delivery.hpp"
#include "wait/wait_registry.hpp"

#include <vmtask/detail/completion.hpp>

#include <asio/execution_context.hpp>

#include <cstdint>

namespace vmtask::detail {

class engine_core;

/// The library's part of an asynchronous operation: what is waited for, and who tells,
/// drops or gives up the user's part, which has the handler.
///
/// The event loop of an engine's own is pinned, so that it does not go before the
/// handler is on it. Any other context has a registry of the waits in it; so has an
/// event loop of the caller's, which is looked at only when it is not gone.
class pending_wait : public loop_delivery, public context_wait {
public:
    virtual ~pending_wait();

    /// Where the handler is to run, if that is known; `is_bare`: by the executor of an
    /// io_context and nothing around it. Once, before begin(). Throws std::bad_alloc.
    void place_in(asio::execution_context* context, bool is_bare);
    [[nodiscard]] bool needs_work() const noexcept { return needs_work_; }

    /// Begins the wait, which may be over, and gone, when this returns.
    virtual void begin(give_up_handler* give_up) noexcept = 0;
    /// Tells the handler of a cancellation slot what it can give up.
    virtual void name_to(give_up_handler& give_up) noexcept = 0;
    /// What has come of a wait that is over.
    [[nodiscard]] virtual settled_wait settle(bool is_called) noexcept = 0;
    /// Takes the wait back and has it discarded, unless it is told or about to be.
    virtual void abandon() noexcept {}

protected:
    pending_wait(completion& told, engine_core& core) noexcept : told_(told), core_(&core) {}

    [[nodiscard]] engine_core& core() const noexcept { return *core_; }
    /// To be called before anybody can tell the wait. False when the context of the
    /// handler is shutting down.
    [[nodiscard]] bool enter_place() noexcept;
    /// To be called once, when the wait is over. It may be gone when this returns.
    void be_over() noexcept;

private:
    /// What keeps the event loop that the handler is to run on.
    enum class hold : std::uint8_t {
        none,   ///< It is no such loop, or needs nothing.
        late,   ///< Nothing, until the wait is over.
        pinned, ///< A pin.
        visit,  ///< A pin, of a loop of the caller's, until the wait is entered there.
        gone,   ///< Nothing any more: it has gone.
    };

    /// The engine whose event loop runs in that context; null for none.
    [[nodiscard]] virtual engine_core* core_behind(const asio::execution_context* context) const noexcept = 0;
    /// The event loop must be able to end before the wait does.
    [[nodiscard]] virtual bool pins_late() const noexcept { return false; }

    void pin() noexcept;
    [[nodiscard]] bool hand_over() noexcept;
    void deliver() final;
    bool post_handler() noexcept final;
    void discard() noexcept final { told_.discard(); }

    completion& told_;
    engine_core* core_;
    hold hold_ = hold::none;
    bool is_bare_ = false;
    bool needs_work_ = false;
};

} // namespace vmtask::detail
