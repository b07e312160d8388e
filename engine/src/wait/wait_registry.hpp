// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/ranked_mutex.hpp"
#include "base/small_mutex.hpp"

#include <asio/execution_context.hpp>

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

class engine_core;
class wait_registry;

/// A wait whose handler runs in an execution context that somebody else owns,
/// who may let that go before the wait has ended: then the handler is destroyed,
/// as those of Asio's own timers are.
///
/// Who tells the wait takes it out of its context's registry first. Where that
/// is shutting down and has the wait already, the two meet, and the second of
/// them destroys the handler; so neither finds the wait gone.
class context_wait {
public:
    context_wait(const context_wait&) = delete;
    context_wait& operator=(const context_wait&) = delete;

    /// Has the handler posted, once the wait has come to its end. Where memory
    /// lacks for that, the engine tries again later. The wait may be gone when
    /// this returns.
    void tell(engine_core& core) noexcept;

protected:
    context_wait() noexcept = default;
    ~context_wait() = default;

    /// The context's, by which the wait is to be dropped; without, by none.
    void belong_to(wait_registry& registry) noexcept { registry_ = &registry; }
    /// To be called before anybody can tell the wait. False when the context is
    /// shutting down.
    [[nodiscard]] bool enter() noexcept;
    /// Takes the wait back from those who try again to have it told.
    [[nodiscard]] static bool take_back_postponed(engine_core& core, context_wait& postponed) noexcept;
    /// The wait has been taken back: nobody tells it, and it goes.
    void forsake() noexcept;

private:
    friend class wait_registry;
    friend class postponed_waits;

    /// Withdraws the wait from what it waits for. False when somebody tells it,
    /// or is about to.
    virtual bool take_back() noexcept = 0;
    /// False when there was no memory for that; else the wait may be gone.
    virtual bool post_handler() noexcept = 0;
    /// Destroys the handler and the wait. What the wait shares with others, it
    /// lets go.
    virtual void discard() noexcept = 0;

    void drop() noexcept;
    void meet() noexcept;

    wait_registry* registry_ = nullptr;
    // Guarded by the registry's lock.
    context_wait* next_ = nullptr;
    context_wait* previous_ = nullptr;
    bool is_dropped_ = false;

    std::atomic<bool> met_{false};           // who tells it, or who drops it, has come
    context_wait* next_postponed_ = nullptr; // guarded by the lock of postponed_waits
};

/// All waits whose handlers run in one execution context; a service of that.
///
/// Thread safety: all members, but for shutdown(). Nothing else is locked under
/// its lock, and nothing of the user's runs there.
class wait_registry final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit wait_registry(asio::execution_context& owner);
    ~wait_registry() override;

    /// False when the context is shutting down.
    [[nodiscard]] bool list(context_wait& added) noexcept;
    /// From now on until leave() the context does not go. False when it is going,
    /// and has the wait already.
    [[nodiscard]] bool take_out(context_wait& told) noexcept;
    /// Lists a wait again that was taken out, and leaves. False when the context
    /// is shutting down: it has not left then.
    [[nodiscard]] bool put_back(context_wait& untold) noexcept;
    void leave() noexcept;

private:
    void shutdown() noexcept override;
    [[nodiscard]] context_wait* take_one() noexcept;
    void list_locked(context_wait& added) noexcept VMTASK_REQUIRES(mutex_);
    void unlist_locked(context_wait& removed) noexcept VMTASK_REQUIRES(mutex_);

    static constexpr std::uint32_t closed = std::uint32_t{1} << 31;

    ranked_mutex<lock_rank::wait_registry, small_mutex> mutex_;
    context_wait* first_ VMTASK_GUARDED_BY(mutex_) = nullptr;
    std::atomic<std::uint32_t> under_way_{0}; // waits out of the list that have not left; and `closed`
};

} // namespace vmtask::detail
