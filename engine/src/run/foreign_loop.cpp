// SPDX-License-Identifier: BSL-1.0
#include "run/foreign_loop.hpp"

#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <utility>

namespace vmtask::detail {
namespace {

/// Tells the loop that its context goes; a service of that.
class loop_service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    /// The youngest service is shut down first. That of the strands, to which is
    /// posted under a pin, has to be the elder.
    explicit loop_service(asio::execution_context& owner)
        : service(owner), loop_(std::make_shared<foreign_loop>(static_cast<asio::io_context&>(owner).get_executor()))
    {
        (void)asio::make_strand(static_cast<asio::io_context&>(owner));
    }

    [[nodiscard]] const std::shared_ptr<foreign_loop>& loop() const noexcept { return loop_; }

private:
    void shutdown() noexcept override { loop_->close(); }

    const std::shared_ptr<foreign_loop> loop_;
};

/// No two visits are counted alike, though they may be at one address.
std::uint64_t next_visit() noexcept
{
    static constinit std::atomic<std::uint64_t> visits{0};
    return visits.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

visiting_thread::visiting_thread(engine_core& awaited) noexcept : self(awaited, thread_kind::event_loop)
{
    self.waits = next_visit();
}

std::shared_ptr<foreign_loop> foreign_loop::behind(loop_executor executor)
{
    return asio::use_service<loop_service>(executor.context()).loop();
}

bool foreign_loop::runs_here() noexcept
{
    if (!pin()) return false;
    const bool runs = executor_.running_in_this_thread();
    unpin();
    return runs;
}

bool foreign_loop::has_stopped() noexcept
{
    if (!pin()) return false;
    const bool stopped = executor_.context().stopped();
    unpin();
    return stopped;
}

void foreign_loop::add_work() noexcept
{
    const mutex_guard lock(work_mutex_);
    if (works_++ == 0 && !is_gone_) guard_.emplace(executor_);
}

void foreign_loop::remove_work() noexcept
{
    const mutex_guard lock(work_mutex_);
    if (--works_ == 0) guard_.reset();
}

void foreign_loop::enter(visiting_thread& blocked) noexcept
{
    const mutex_guard lock(blocked_mutex_);
    blocked.next = first_blocked_;
    if (first_blocked_) first_blocked_->previous = &blocked;
    first_blocked_ = &blocked;
}

void foreign_loop::leave(visiting_thread& blocked) noexcept
{
    const mutex_guard lock(blocked_mutex_);
    (blocked.previous ? blocked.previous->next : first_blocked_) = blocked.next;
    if (blocked.next) blocked.next->previous = blocked.previous;
}

void foreign_loop::close() noexcept
{
    entrance_.close();
    const mutex_guard lock(work_mutex_);
    is_gone_ = true;
    guard_.reset();
}

} // namespace vmtask::detail
