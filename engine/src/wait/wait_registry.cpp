// SPDX-License-Identifier: BSL-1.0
#include "wait/wait_registry.hpp"

#include "base/engine_core.hpp"
#include "base/futex.hpp"
#include "wait/postponed_waits.hpp"

#include <asio/execution/context.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <thread>

namespace vmtask::detail {
namespace {

/// Knows its context, and no more.
class contextual_executor {
public:
    explicit contextual_executor(asio::execution_context& context) noexcept : context_(&context) {}

    template <class Function>
    void execute(Function&&) const
    {
    }
    [[nodiscard]] asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
    [[nodiscard]] bool operator==(const contextual_executor& other) const noexcept = default;

private:
    asio::execution_context* context_;
};

} // namespace

bool context_wait::enter() noexcept
{
    if (!registry_ || registry_->list(*this)) return true;
    registry_ = nullptr;
    return false;
}

void context_wait::tell(engine_core& core) noexcept
{
    wait_registry* const registry = registry_;
    for (;;) {
        if (registry && !registry->take_out(*this)) return meet();
        if (post_handler()) break;
        if (registry && !registry->put_back(*this)) {
            discard();
            break;
        }
        if (core.postponed.add(*this)) return;
        // The engine is going, and nobody but us will try again.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (registry) registry->leave();
}

void context_wait::forsake() noexcept
{
    wait_registry* const registry = registry_;
    if (registry && !registry->take_out(*this)) return meet();
    discard();
    if (registry) registry->leave();
}

bool context_wait::take_back_postponed(engine_core& core, context_wait& postponed) noexcept
{
    return core.postponed.remove(postponed);
}

/// The first of two who come here leaves the wait to the second.
void context_wait::meet() noexcept
{
    wait_registry& registry = *registry_;
    if (!met_.exchange(true, std::memory_order_acq_rel)) return;
    discard();
    registry.leave();
}

void context_wait::drop() noexcept
{
    // Taken back, there is nobody left to meet.
    if (take_back()) met_.store(true, std::memory_order_relaxed);
    meet();
}

/// The youngest service is shut down first, and that of the strands does not
/// bear to be posted to meanwhile: it has to be the elder.
wait_registry::wait_registry(asio::execution_context& owner) : service(owner)
{
    const asio::strand<contextual_executor> first{contextual_executor(owner)};
}

wait_registry::~wait_registry()
{
    // Made by a wait that was begun while the context was shutting down.
    shutdown();
}

bool wait_registry::list(context_wait& added) noexcept
{
    const mutex_guard lock(mutex_);
    if (under_way_.load(std::memory_order_relaxed) & closed) return false;
    list_locked(added);
    return true;
}

bool wait_registry::take_out(context_wait& told) noexcept
{
    const mutex_guard lock(mutex_);
    if (told.is_dropped_) return false;
    unlist_locked(told);
    under_way_.fetch_add(1, std::memory_order_relaxed);
    return true;
}

bool wait_registry::put_back(context_wait& untold) noexcept
{
    const mutex_guard lock(mutex_);
    if (under_way_.load(std::memory_order_relaxed) & closed) return false;
    list_locked(untold);
    under_way_.fetch_sub(1, std::memory_order_release);
    return true;
}

void wait_registry::leave() noexcept
{
    // The last touch: whoever finds the count at nothing may be the context's end.
    const auto* const word = &under_way_;
    if (under_way_.fetch_sub(1, std::memory_order_acq_rel) == closed + 1) futex_wake_one(word);
}

void wait_registry::shutdown() noexcept
{
    {
        const mutex_guard lock(mutex_);
        under_way_.fetch_or(closed, std::memory_order_relaxed);
    }
    while (context_wait* const dropped = take_one()) dropped->drop();
    for (;;) {
        const std::uint32_t seen = under_way_.load(std::memory_order_acquire);
        if (seen == closed) return;
        futex_wait(under_way_, seen);
    }
}

context_wait* wait_registry::take_one() noexcept
{
    const mutex_guard lock(mutex_);
    context_wait* const taken = first_;
    if (!taken) return nullptr;
    unlist_locked(*taken);
    taken->is_dropped_ = true;
    under_way_.fetch_add(1, std::memory_order_relaxed);
    return taken;
}

void wait_registry::list_locked(context_wait& added) noexcept
{
    added.previous_ = nullptr;
    added.next_ = first_;
    if (first_) first_->previous_ = &added;
    first_ = &added;
}

void wait_registry::unlist_locked(context_wait& removed) noexcept
{
    (removed.previous_ ? removed.previous_->next_ : first_) = removed.next_;
    if (removed.next_) removed.next_->previous_ = removed.previous_;
}

} // namespace vmtask::detail
