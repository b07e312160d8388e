// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "schedule_clock.hpp"
#include "schedule_dice.hpp"
#include "schedule_oracle.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include <asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vmtask::test {

/// Posts, cancels, pauses and waits as its random numbers say, and so do the
/// bodies that it posts. Whatever they have done, all must end.
class schedule_driver {
public:
    explicit schedule_driver(unsigned seed);

    /// Runs the schedule, and lets its tasks get to their ends without
    /// cancelling any. `longest` is for all of them together.
    void run(int steps, std::chrono::milliseconds longest);

    /// What was wrong; nothing, if all is well.
    [[nodiscard]] std::vector<std::string> findings() const { return oracle_.findings(); }

    /// False when tasks are left that no cancel ends: then the driver must stay,
    /// for their bodies refer to it.
    [[nodiscard]] bool may_go() const noexcept { return may_go_; }

private:
    using member_pointer = std::shared_ptr<const schedule_member>;
    struct entry {
        task_handle task;
        member_pointer member;
    };
    /// What a body does.
    struct body_plan {
        member_pointer member;
        std::vector<task_handle> after;
        bool must_have_succeeded;
        task_handle parent;
        unsigned seed;  // of what it does besides
        unsigned depth; // how many tasks have posted each other up to it
        unsigned steps;
        bool fails;
    };
    using poster = const body_plan*; // null for the driver itself

    void step();
    void post(schedule_dice& dice, poster from, const task_handle& self);
    void post_source();
    task_options draw_options(schedule_dice& dice, poster from, const task_handle& self, body_plan& plan);
    void draw_parent(schedule_dice& dice, poster from, const task_handle& self, task_options& options, body_plan& plan);
    void try_to_post(body_plan plan, task_options options, bool as_coroutine);
    void refused(const std::error_code& why);

    void run_body(task_context& self, const body_plan& plan);
    void act(task_context& self, const body_plan& plan, schedule_dice& dice);
    void wait_in_body(const body_plan& plan, schedule_dice& dice);
    asio::awaitable<void> run_coroutine(task_context& self, body_plan plan);
    void look_before(const body_plan& plan);
    void require_whole(const body_plan& plan);

    void pause_some();
    void resume_some();
    void change_lane();
    void end_some_source();
    void look_around();

    void let_go();
    void require_liveness(std::chrono::milliseconds longest);
    void report_standing(const std::vector<task_handle>& unfinished);
    void check_ends();

    void note(const task_handle& posted, const member_pointer& member);
    [[nodiscard]] std::vector<entry> posted() const;
    [[nodiscard]] entry some(schedule_dice& dice) const; // empty when there is none

    schedule_dice dice_;
    schedule_oracle oracle_;
    schedule_clock clock_;
    std::atomic<std::size_t> members_{0};
    mutable std::mutex mutex_;
    std::vector<entry> posted_; // guarded by mutex_
    std::vector<task_handle> paused_;
    bool may_go_ = true;
    engine engine_; // before the sources, which belong to it
    std::vector<task_source<>> sources_;
};

} // namespace vmtask::test
