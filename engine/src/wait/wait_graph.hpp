// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/engine_thread.hpp"
#include "record/task_record.hpp"
#include "wait/blocked_wait.hpp"

#include <vmtask/detail/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// Who waits for whom, among the threads and the tasks of all engines of the
/// process: one graph, since a cycle may run through several engines.
///
/// Edges are blocking waits on engine threads, and what tasks wait for without a
/// thread: whatever task_record::collect_needs() names. Whoever is about to wait
/// makes his edge seen first and then looks for a cycle; so of several that close
/// one together the last sees it. Looking takes no lock that engines share. Only
/// one who has found a cycle takes such a lock, to be the only one who gives way.
class wait_graph {
public:
    enum class answer : std::uint8_t { goes_on, would_deadlock, out_of_time };

    /// Notes that `self` is about to block in `wait`. With any other answer than
    /// goes_on nothing is noted: the wait could never end, or its deadline came
    /// before that was known.
    [[nodiscard]] static answer enter(engine_thread& self, blocked_wait& wait, steady_time deadline) noexcept;
    static void leave(engine_thread& self) noexcept;

    /// What takes a task out of a cycle.
    class way_out {
    public:
        /// The task waits no more when this returns. Runs no code of the user's.
        virtual void give_way() noexcept = 0;

    protected:
        ~way_out() = default;
    };
    /// True when the task could never end; then it has given way. Of a task that is
    /// new, and that nobody waits for but its whole, `whole` is that: its other parts
    /// could end before, and none of them waits for the new one.
    [[nodiscard]] static bool free_if_stuck(task_record& waiting, way_out& out,
                                            const task_record* whole = nullptr) noexcept;

    /// A task has left a line in which it waited, without having had what it waited
    /// for, before anybody can see that it has.
    static void note_withdrawal() noexcept { withdrawals.fetch_add(1, std::memory_order_seq_cst); }

private:
    template <class Asked>
    [[nodiscard]] static answer look(Asked& asked, steady_time deadline, way_out& out,
                                     const task_record* whole = nullptr) noexcept;
    static void note(engine_thread& self, const blocked_wait* wait) noexcept;
    static task_record* current_task(engine_thread& self) noexcept;

    static inline std::atomic<std::uint64_t> withdrawals{0};
};

} // namespace vmtask::detail
