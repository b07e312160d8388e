// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "run/task_list.hpp"
#include "run/task_table.hpp"

#include <vmtask/engine_options.hpp>

#include <cstdint>

namespace vmtask::detail {

class released_tasks;

/// When a task began and ended, as far as it has.
struct task_times {
    steady_time began_at;
    steady_time ended_at;
};

/// All the tasks that an engine knows, by id: those that have not ended, and of the
/// ended ones as many, and for as long, as the options say.
///
/// Thread safety: none; the scheduler's lock guards it.
class registry {
public:
    explicit registry(const retention& retain) noexcept : retain_(retain) {}

    [[nodiscard]] const task_table& tasks() const noexcept { return table_; }

    void add(task_record& posted) noexcept;
    /// Forgets one that was not posted after all, and is to be withdrawn.
    void unlist(task_record& refused) noexcept;
    /// An admitted task waits for the journal, so that nobody is to wait for it to be
    /// known here; and goes on.
    void suspend_post() noexcept { ++settled_; }
    void resume_post() noexcept { --settled_; }
    /// A task was admitted and then not made.
    void withdraw() noexcept;
    /// Takes over the reference that the engine has to an ended task.
    void retire(task_record& ended, steady_time now, released_tasks& released) noexcept;
    /// Lets go of those that are too many, or too old. Returns how many.
    std::uint64_t prune(steady_time now, released_tasks& released) noexcept;
    /// Lets go of all that have ended.
    void clear(released_tasks& released) noexcept;

    /// If nobody refers to the ended task but the registry and so many in all, makes
    /// its value unreachable, for the caller to destroy. False when it is so already.
    [[nodiscard]] static bool withhold_value(task_record& ended, std::uint32_t references) noexcept;
    /// Whoever is told of an end before the task is retired may ask for its time, and
    /// shall be told the same as everybody after him.
    static void note_end(task_record& ended, steady_time now) noexcept;

    /// When the oldest that has ended is to be let go; deadline_never: never.
    [[nodiscard]] steady_time next_prune() const noexcept;
    [[nodiscard]] std::size_t retained() const noexcept { return retained_.size(); }
    /// Of the admitted tasks those that are known here, withdrawn, or with the journal.
    [[nodiscard]] std::uint64_t settled() const noexcept { return settled_; }
    /// Of these those that have ended, or are withdrawn.
    [[nodiscard]] std::uint64_t ended() const noexcept { return ended_; }

private:
    void release(task_record& retained, released_tasks& released) noexcept;

    const retention retain_;
    task_table table_;
    task_list retained_; // ended, oldest first
    std::uint64_t settled_ = 0;
    std::uint64_t ended_ = 0;
};

} // namespace vmtask::detail
