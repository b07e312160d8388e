// SPDX-License-Identifier: BSL-1.0
#include "run/intake.hpp"

#include "run/queue_limit.hpp"

#include <vmtask/error.hpp>

#include <limits>

namespace vmtask::detail {

intake::intake(const engine_options& options, const std::atomic<std::uint64_t>& left_queue) noexcept
    : queue_limit_(options.queue_limit == 0 ? std::numeric_limits<std::uint64_t>::max() : options.queue_limit),
      ids_before_(options.first_id == 0 ? 0 : options.first_id - 1),
      left_queue_(left_queue)
{
}

errc intake::refusal_of(std::uint64_t id, const task_record* whole) noexcept
{
    // A whole that has not ended now does not end before its part, unless it
    // refuses it.
    const admitted_tasks taken = open_for_.load(std::memory_order_seq_cst);
    const bool is_part = whole && !whole->ended();
    if (taken == admitted_tasks::none || (taken == admitted_tasks::parts && !is_part)) return errc::shutting_down;
    if (!is_over_limit(id, left_queue_seen_.load(std::memory_order_relaxed), queue_limit_)) return {};
    const std::uint64_t left = left_queue_.load(std::memory_order_acquire);
    left_queue_seen_.store(left, std::memory_order_relaxed);
    return is_over_limit(id, left, queue_limit_) ? errc::queue_full : errc{};
}

void intake::close(shutdown_mode mode) noexcept
{
    admitted_tasks open = admitted_tasks::all;
    if (mode == shutdown_mode::cancel) open_for_.store(admitted_tasks::none, std::memory_order_seq_cst);
    else open_for_.compare_exchange_strong(open, admitted_tasks::parts, std::memory_order_seq_cst);
}

} // namespace vmtask::detail
