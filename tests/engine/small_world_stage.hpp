// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "small_world.hpp"

#include <vmtask/engine.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>

namespace vmtask::test {

/// One run of a small world on an engine, which may have had others before. Its
/// bodies share it, for some might never end.
class small_world_stage : public std::enable_shared_from_this<small_world_stage> {
public:
    small_world_stage(engine& where, small_world world) : engine_(where), world_(std::move(world)) {}

    /// Lets all of it happen, and then all tasks get to their end. What was
    /// wrong, in lines of text; empty, if nothing was.
    [[nodiscard]] std::string run(std::chrono::milliseconds patience);

    /// How many posts were refused.
    [[nodiscard]] int refusals() const;

    /// Cancels what has not ended; false when that does not help.
    [[nodiscard]] bool clear_away();

private:
    enum class post_state { none, refused, made };
    /// A task, as the test and its body see it.
    struct actor {
        std::atomic<post_state> posted{post_state::none};
        task_handle task;        // once it is made
        std::error_code refusal; // once it is refused
        std::atomic<bool> may_end{false};
        std::atomic<bool> has_begun{false};
        std::atomic<bool> is_over{false};
        std::atomic<bool> is_waiting{false};
        std::atomic<unsigned> to_post{0}; // tasks, as bits
        std::atomic<int> to_await{-1};
        int holds = 0;
    };

    void happen(const small_event& event);
    void post(int number);
    void play(task_context& self, int number);
    void obey(int number);
    void await(int number);
    void look() noexcept;

    [[nodiscard]] bool comes_to_rest(std::chrono::steady_clock::time_point deadline) const;
    [[nodiscard]] bool is_quiet() const;
    [[nodiscard]] bool is_quiet(int number) const;
    [[nodiscard]] bool body_is_quiet(const actor& its) const;
    [[nodiscard]] bool has_living_part(int number) const;
    void let_go();
    [[nodiscard]] bool all_end(std::chrono::steady_clock::time_point deadline) const;
    [[nodiscard]] std::string judge() const;
    [[nodiscard]] bool may_be_refused(int number) const;
    [[nodiscard]] bool may_have_circles() const;
    [[nodiscard]] std::string report(const std::string& finding) const;

    [[nodiscard]] actor& at(int number) { return actors_[static_cast<std::size_t>(number)]; }
    [[nodiscard]] const actor& at(int number) const { return actors_[static_cast<std::size_t>(number)]; }
    [[nodiscard]] int count() const { return static_cast<int>(world_.tasks.size()); }

    engine& engine_;
    const small_world world_;
    std::array<actor, 4> actors_;
    std::atomic<unsigned> looks_{0};
    std::atomic<bool> has_lied_{false};
};

} // namespace vmtask::test
