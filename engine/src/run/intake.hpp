// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/mpsc_queue.hpp"
#include "record/task_record.hpp"

#include <vmtask/engine_options.hpp>
#include <vmtask/shutdown.hpp>

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// Which tasks are still taken.
enum class admitted_tasks : std::uint8_t { all, parts, none };

/// Where tasks come in: who posts one gets its id here and leaves it here, without a
/// lock. All that posters write is together.
///
/// Thread safety: all members, but for those that take tasks out, which the
/// scheduler's lock guards.
class intake {
public:
    /// `left_queue` counts the tasks that are queued no longer.
    intake(const engine_options& options, const std::atomic<std::uint64_t>& left_queue) noexcept;

    /// The id for one task more, which is to be a part of `whole` if that is not
    /// null. Throws std::system_error with errc::shutting_down or errc::queue_full,
    /// and has called `withdraw()` then.
    template <class Withdraw>
    [[nodiscard]] std::uint64_t admit(const task_record* whole, Withdraw withdraw)
    {
        // Counted first: a shutdown that does not see this task yet has closed the
        // intake before we look.
        const std::uint64_t id = admitted_.fetch_add(1, std::memory_order_seq_cst) + 1;
        const errc refusal = refusal_of(id, whole);
        if (refusal != errc{}) {
            withdraw();
            throw std::system_error(refusal);
        }
        return ids_before_ + id;
    }
    void add(task_record& posted) noexcept { inbox_.add(posted); }

    [[nodiscard]] bool empty() const noexcept { return inbox_.empty(); }
    /// True when a task is there, or about to be.
    [[nodiscard]] bool has_any() const noexcept { return inbox_.has_any(); }
    /// Null when none is there.
    [[nodiscard]] task_record* pop() noexcept { return inbox_.pop(); }
    template <class Take>
    void drain(Take take)
    {
        inbox_.drain(take);
    }

    /// Tasks that were ever admitted, those withdrawn among them.
    [[nodiscard]] std::uint64_t admitted() const noexcept { return admitted_.load(std::memory_order_seq_cst); }
    /// What a stricter shutdown has closed stays so.
    void close(shutdown_mode mode) noexcept;
    [[nodiscard]] bool is_closed() const noexcept
    {
        return open_for_.load(std::memory_order_relaxed) != admitted_tasks::all;
    }

    [[nodiscard]] bool is_closed_for_all() const noexcept
    {
        return open_for_.load(std::memory_order_seq_cst) == admitted_tasks::none;
    }

private:
    [[nodiscard]] errc refusal_of(std::uint64_t id, const task_record* whole) noexcept;

    const std::uint64_t queue_limit_;
    const std::uint64_t ids_before_; // given out by others
    const std::atomic<std::uint64_t>& left_queue_;
    std::atomic<admitted_tasks> open_for_{admitted_tasks::all}; // read by everybody, so not beside what changes

    alignas(64) std::atomic<std::uint64_t> admitted_{0};
    std::atomic<std::uint64_t> left_queue_seen_{0}; // an older left_queue_, to look there seldom
    mpsc_queue<task_record> inbox_;
};

} // namespace vmtask::detail
