// SPDX-License-Identifier: BSL-1.0
#include "wait/pending_wait.hpp"

#include "base/engine_core.hpp"
#include "base/engine_thread.hpp"
#include "base/ranked_mutex.hpp"
#include "run/event_loop.hpp"

#include <vmtask/detail/engine_access.hpp>

#include <utility>

namespace vmtask::detail {
namespace {

/// A pin that is there already.
class kept_pin {
public:
    explicit kept_pin(engine_core& core) noexcept : core_(core) {}
    ~kept_pin() { core_.loop.unpin(); }
    kept_pin(const kept_pin&) = delete;
    kept_pin& operator=(const kept_pin&) = delete;

private:
    engine_core& core_;
};

} // namespace

engine_core* if_loop_in(engine_core& core, const asio::execution_context* context) noexcept
{
    return context && context == &core.loop.executor().context() ? &core : nullptr;
}

pending_wait::~pending_wait()
{
    if (hold_ == hold::pinned || hold_ == hold::visit) core_->loop.unpin();
}

void pending_wait::place_in(asio::execution_context* context, bool is_bare)
{
    is_bare_ = is_bare;
    // A strand, say, on the event loop is as any other executor to a wait that must
    // not keep the loop.
    if (engine_core* const loop_of = pins_late() && !is_bare ? nullptr : core_behind(context)) {
        core_ = loop_of;
        const bool is_own = !core_->loop.foreign();
        if (is_own && pins_late()) {
            hold_ = hold::late;
            return;
        }
        pin();
        if (is_own || hold_ == hold::gone) return;
        hold_ = hold::visit;
    }
    if (context) belong_to(asio::use_service<wait_registry>(*context));
    needs_work_ = true;
}

bool pending_wait::enter_place() noexcept
{
    const bool has_entered = enter();
    if (hold_ == hold::visit) {
        hold_ = hold::none;
        core_->loop.unpin();
    }
    return has_entered;
}

void pending_wait::pin() noexcept
{
    hold_ = core_->loop.pin() ? hold::pinned : hold::gone;
}

void pending_wait::be_over() noexcept
{
    assert_no_lock_held("a wait is completed");
    if (hold_ == hold::late) pin();
    if (!hand_over()) tell(*core_);
}

/// False when it has to be posted.
bool pending_wait::hand_over() noexcept
{
    if (hold_ != hold::pinned || !is_bare_) return false;
    engine_core& core = *core_;
    const engine_thread* const here = this_engine_thread();
    if (here && here->core == &core) return core.loop.deliver(*this);
    // What is delivered takes its pin with it, maybe before we are out of the loop's
    // hands. The engine's own threads it outlives, but not others.
    core.loop.pin_further();
    const kept_pin further(core);
    return core.loop.deliver(*this);
}

/// The loop stays pinned until the handler has returned.
void pending_wait::deliver()
{
    hold_ = hold::none;
    const kept_pin pinned(*core_);
    told_.deliver();
}

bool pending_wait::post_handler() noexcept
{
    assert_no_lock_held("a handler is posted");
    engine_core& core = *core_;
    // The wait may be gone before this returns.
    const hold held = std::exchange(hold_, hold::none);
    if (!told_.post(held == hold::gone)) {
        hold_ = held;
        return false;
    }
    if (held == hold::pinned) core.loop.unpin();
    return true;
}

} // namespace vmtask::detail
