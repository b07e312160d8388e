// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace vmtask {

/// How often something took how long, since the engine was made.
struct duration_histogram {
    using duration = std::chrono::steady_clock::duration;

    static constexpr std::size_t bucket_count = 28;
    /// The longest duration in a bucket: 1, 2, 4 ... ms, up to a day and a half.
    [[nodiscard]] static constexpr duration bound(std::size_t bucket) noexcept
    {
        return std::chrono::milliseconds(std::int64_t{1} << bucket);
    }

    /// How many are in each bucket and in none before it.
    std::array<std::uint64_t, bucket_count> buckets{};
    /// How many there are in all, those beyond the last bucket included.
    std::uint64_t count = 0;
    /// How long they took together.
    duration sum{};
};

/// What an engine has counted, and what it is doing. Times of tasks are right
/// to the tick of the kernel's clock, a few milliseconds.
struct metrics_snapshot {
    // Since the engine was made.
    std::uint64_t tasks_posted = 0;
    std::uint64_t tasks_succeeded = 0;
    std::uint64_t tasks_failed = 0;
    std::uint64_t tasks_cancelled = 0;
    /// Posts that made no task: refused, failed, or joined to another task.
    std::uint64_t posts_withdrawn = 0;
    /// Attempts that have failed and were followed by another.
    std::uint64_t attempts_repeated = 0;
    /// Ended tasks that were let go because of `engine_options::retain`.
    std::uint64_t tasks_evicted = 0;
    /// Waits and pauses that blocked a worker, for which another took over.
    std::uint64_t waits_compensated = 0;
    /// Workers started for that.
    std::uint64_t spare_workers_started = 0;
    /// Waits on this engine's threads that returned wait_status::would_deadlock or
    /// no_worker.
    std::uint64_t waits_refused = 0;

    // Now.
    std::uint64_t tasks_queued = 0;
    /// Begun and not ended, paused ones included.
    std::uint64_t tasks_under_way = 0;
    /// Ended and still listed.
    std::uint64_t tasks_kept = 0;
    std::uint64_t workers = 0;
    std::uint64_t workers_blocked = 0;

    /// From the post until the body was first begun.
    duration_histogram queued;
    /// From the begin of the body to its end, for each attempt; pauses included,
    /// and for the last attempt the parts of the task too.
    duration_histogram run;
    /// From an accepted cancel to the end.
    duration_histogram cancel;
    /// How long a handler waits for its turn on the event loop. A call of
    /// metrics() sends one, unless that of an earlier call still waits, and
    /// tells of those that have had their turn.
    duration_histogram event_loop_delay;
    /// The same of the latest one; how long it has waited, if it still does.
    duration_histogram::duration event_loop_delay_latest{};
};

} // namespace vmtask
