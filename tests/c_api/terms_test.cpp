// SPDX-License-Identifier: BSL-1.0
//
// On which terms tasks are posted in C. What the terms do is tested with the
// engine; this is whether each of them arrives there.

#include "handles.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

vmtask_status succeed(vmtask_context*, void*)
{
    return VMTASK_OK;
}

vmtask_status fail_each_time(vmtask_context*, void* user)
{
    ++*static_cast<std::atomic<int>*>(user);
    return VMTASK_E_USER + 1;
}

void count(void* user)
{
    ++*static_cast<std::atomic<int>*>(user);
}

struct posted {
    vmtask_status status;
    task_owner task;
};

posted try_post(const engine_owner& engine, const vmtask_terms& terms, vmtask_body body = succeed, void* user = nullptr,
                vmtask_user_release release = nullptr)
{
    auto options = ready<vmtask_post_options>();
    options.terms = &terms;
    options.release = release;
    vmtask_task* task = nullptr;
    const vmtask_status status = vmtask_engine_post(engine.get(), &options, body, user, &task);
    return {status, task_owner(task)};
}

task_owner post_on(const engine_owner& engine, const vmtask_terms& terms, vmtask_body body = succeed,
                   void* user = nullptr)
{
    posted made = try_post(engine, terms, body, user);
    expect_ok(made.status);
    return std::move(made.task);
}

/// Terms that claim one resource, which has to outlive them.
vmtask_terms claiming(const char* const& resource)
{
    auto terms = ready<vmtask_terms>();
    terms.kind = "work";
    terms.exclusive = &resource;
    terms.exclusive_count = 1;
    return terms;
}

struct blocked {
    vmtask_obstacle obstacle = ready<vmtask_obstacle>();
    std::vector<std::uint64_t> ids;
};

blocked what_blocks(const task_owner& task)
{
    blocked found;
    vmtask_task** tasks = nullptr;
    std::size_t number = 0;
    expect_ok(vmtask_task_get_obstacle(task.get(), &found.obstacle, &tasks, &number));
    for (std::size_t i = 0; i < number; ++i) {
        auto info = ready<vmtask_task_info>();
        expect_ok(vmtask_task_get_info(tasks[i], &info));
        found.ids.push_back(info.id);
    }
    vmtask_tasks_release(tasks, number);
    return found;
}

vmtask_status result_of(const task_owner& task)
{
    expect_ok(vmtask_task_wait(task.get(), patience_ms));
    return vmtask_task_result(task.get());
}

} // namespace

TEST_CASE("tasks in C that claim one resource run one after the other, and say who is before them", "[c_api]")
{
    c_gate gate;
    const char* const disk = "disk";
    const engine_owner engine = make_engine(2);
    const task_owner holder = post_on(engine, claiming(disk), c_gate::hold, &gate);
    REQUIRE(gate.reached());

    const task_owner waiting = post_on(engine, claiming(disk));
    auto shared = ready<vmtask_terms>();
    shared.shared = &disk;
    shared.shared_count = 1;
    const task_owner reading = post_on(engine, shared);

    const blocked first = what_blocks(waiting);
    CHECK(first.obstacle.kind == VMTASK_OBSTACLE_RESOURCE);
    CHECK(first.obstacle.name == std::string("disk"));
    CHECK(first.ids == std::vector<std::uint64_t>{info_of(holder).id});
    CHECK(what_blocks(reading).obstacle.kind == VMTASK_OBSTACLE_RESOURCE);
    CHECK(what_blocks(holder).obstacle.kind == VMTASK_OBSTACLE_NONE);
    auto alone = ready<vmtask_obstacle>();
    CHECK(vmtask_task_get_obstacle(waiting.get(), &alone, nullptr, nullptr) == VMTASK_OK);
    CHECK(alone.kind == VMTASK_OBSTACLE_RESOURCE);

    gate.open();
    CHECK(result_of(waiting) == VMTASK_OK);
    CHECK(result_of(reading) == VMTASK_OK);
}

TEST_CASE("tasks in C that only read a resource run at the same time", "[c_api]")
{
    c_gate one_gate;
    c_gate other_gate;
    const char* const disk = "disk";
    const engine_owner engine = make_engine(2);
    auto shared = ready<vmtask_terms>();
    shared.shared = &disk;
    shared.shared_count = 1;

    const task_owner one = post_on(engine, shared, c_gate::hold, &one_gate);
    const task_owner other = post_on(engine, shared, c_gate::hold, &other_gate);

    CHECK(one_gate.reached());
    CHECK(other_gate.reached());
    one_gate.open();
    other_gate.open();
}

TEST_CASE("a task in C whose resource is busy is refused, replaces another, or is the other", "[c_api]")
{
    c_gate gate;
    std::atomic<int> released{0};
    const char* const disk = "disk";
    const engine_owner engine = make_engine(2);
    const task_owner holder = post_on(engine, claiming(disk), c_gate::hold, &gate);
    REQUIRE(gate.reached());
    auto terms = claiming(disk);

    terms.when_busy = VMTASK_WHEN_BUSY_FAIL;
    CHECK(try_post(engine, terms, succeed, &released, count).status == VMTASK_E_RESOURCE_BUSY);
    CHECK_THAT(vmtask_last_error_message(), ContainsSubstring("disk"));
    CHECK(released == 0);

    terms.when_busy = VMTASK_WHEN_BUSY_QUEUE;
    const posted queued = try_post(engine, terms, succeed, &released, count);
    terms.when_busy = VMTASK_WHEN_BUSY_REPLACE;
    const posted newer = try_post(engine, terms, succeed, &released, count);
    CHECK(result_of(queued.task) == VMTASK_E_CANCELLED);
    CHECK(released == 1); // the one that was replaced

    terms.when_busy = VMTASK_WHEN_BUSY_JOIN;
    const posted joined = try_post(engine, terms, succeed, &released, count);
    REQUIRE(joined.status == VMTASK_OK);
    CHECK(info_of(joined.task).id == info_of(holder).id);
    CHECK(released == 2); // its body is never called
    CHECK(info_of(newer.task).state == VMTASK_STATE_QUEUED);

    gate.open();
    CHECK(result_of(newer.task) == VMTASK_OK);
    CHECK(released == 3);
}

TEST_CASE("a callback that posts while a post takes back is told apart from it", "[c_api]")
{
    struct both {
        const engine_owner& engine;
        std::atomic<int> released{0};
        task_owner again{};
    };
    c_gate gate;
    const char* const disk = "disk";
    const engine_owner engine = make_engine();
    both all{engine};
    const task_owner holder = post_on(engine, claiming(disk), c_gate::hold, &gate);
    REQUIRE(gate.reached());
    const auto post_again = [](void* user) {
        auto& self = *static_cast<both*>(user);
        auto terms = ready<vmtask_terms>();
        self.again = try_post(self.engine, terms, succeed, &self.released, count).task;
    };
    auto terms = claiming(disk);
    const posted queued = try_post(engine, terms, succeed, &all, post_again);

    terms.when_busy = VMTASK_WHEN_BUSY_REPLACE;
    const posted newer = try_post(engine, terms, succeed, &all.released, count);

    REQUIRE(newer.status == VMTASK_OK);
    gate.open();
    CHECK(result_of(newer.task) == VMTASK_OK);
    REQUIRE(vmtask_task_wait(queued.task.get(), patience_ms) == VMTASK_OK); // its callback has returned by then
    REQUIRE(all.again != nullptr);
    CHECK(result_of(all.again) == VMTASK_OK);
    CHECK(all.released == 2);
}

TEST_CASE("a task in C begins after others, or fails with them", "[c_api]")
{
    c_gate gate;
    std::atomic<int> attempts{0};
    std::atomic<int> released{0};
    const engine_owner engine = make_engine(2);
    const task_owner first = post_held(engine, gate);
    const task_owner failing = post(engine, fail_each_time, &attempts);
    REQUIRE(vmtask_task_wait(failing.get(), patience_ms) == VMTASK_OK);
    auto terms = ready<vmtask_terms>();
    vmtask_task* before = first.get();
    terms.after = &before;
    terms.after_count = 1;

    const task_owner next = post_on(engine, terms);
    const blocked waits = what_blocks(next);
    CHECK(waits.obstacle.kind == VMTASK_OBSTACLE_PREDECESSOR);
    CHECK(waits.ids == std::vector<std::uint64_t>{info_of(first).id});
    gate.open();
    CHECK(result_of(next) == VMTASK_OK);

    before = failing.get();
    const posted never = try_post(engine, terms, succeed, &released, count);
    REQUIRE(never.status == VMTASK_OK);
    CHECK(result_of(never.task) == VMTASK_E_PREDECESSOR_FAILED);
    CHECK(released == 1);
    terms.after_failure = VMTASK_AFTER_FAILURE_BEGIN;
    CHECK(result_of(post_on(engine, terms)) == VMTASK_OK);
}

TEST_CASE("a lane lets as many tasks in C begin as it was told", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine(2);
    auto terms = ready<vmtask_terms>();
    terms.lane = "array";
    CHECK(try_post(engine, terms).status == VMTASK_E_UNKNOWN_LANE);
    REQUIRE(vmtask_engine_set_lane_limit(engine.get(), "array", 1) == VMTASK_OK);

    const task_owner one = post_on(engine, terms, c_gate::hold, &gate);
    REQUIRE(gate.reached());
    const task_owner other = post_on(engine, terms);

    CHECK(what_blocks(other).obstacle.kind == VMTASK_OBSTACLE_LANE);
    CHECK(what_blocks(other).obstacle.name == std::string("array"));
    REQUIRE(vmtask_engine_set_lane_limit(engine.get(), "array", UINT64_MAX) == VMTASK_OK);
    CHECK(result_of(other) == VMTASK_OK);
    gate.open();
}

TEST_CASE("a queued task in C gets the priority that it is given", "[c_api]")
{
    struct order {
        std::atomic<int> begun{0};
        int low = 0;
        int high = 0;
        int raised = 0;
    } seen;
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner held = post_held(engine, gate);
    auto terms = ready<vmtask_terms>();
    terms.priority = VMTASK_PRIORITY_LOW;
    const task_owner low = post_on(
        engine, terms,
        [](vmtask_context*, void* user) {
            auto& all = *static_cast<order*>(user);
            all.low = ++all.begun;
            return vmtask_status{VMTASK_OK};
        },
        &seen);
    const task_owner raised = post_on(
        engine, terms,
        [](vmtask_context*, void* user) {
            auto& all = *static_cast<order*>(user);
            all.raised = ++all.begun;
            return vmtask_status{VMTASK_OK};
        },
        &seen);
    terms.priority = VMTASK_PRIORITY_HIGH;
    const task_owner high = post_on(
        engine, terms,
        [](vmtask_context*, void* user) {
            auto& all = *static_cast<order*>(user);
            all.high = ++all.begun;
            return vmtask_status{VMTASK_OK};
        },
        &seen);

    CHECK(vmtask_task_set_priority(raised.get(), VMTASK_PRIORITY_HIGH) == VMTASK_OK);
    CHECK(vmtask_task_set_priority(held.get(), VMTASK_PRIORITY_HIGH) == VMTASK_E_ALREADY_BEGUN);
    CHECK(vmtask_task_set_priority(low.get(), 3) == VMTASK_E_INVALID_ARGUMENT);

    gate.open();
    CHECK(result_of(low) == VMTASK_OK);
    CHECK(seen.high == 1);
    CHECK(seen.raised == 2);
    CHECK(seen.low == 3);
    CHECK(vmtask_task_set_priority(low.get(), VMTASK_PRIORITY_HIGH) == VMTASK_E_ALREADY_ENDED);
}

TEST_CASE("a task in C is a part of the one whose body posts it", "[c_api]")
{
    struct group {
        const engine_owner& engine;
        c_gate gate{};
        task_owner part{};
        std::uint64_t id = 0;
    };
    const engine_owner engine = make_engine(2);
    group all{engine};
    const task_owner whole = post(
        engine,
        [](vmtask_context* self, void* user) {
            auto& shared = *static_cast<group*>(user);
            vmtask_task* own = nullptr;
            expect_ok(vmtask_context_get_task(self, &own));
            const task_owner mine(own);
            shared.id = info_of(mine).id;
            auto terms = ready<vmtask_terms>();
            terms.parent = own;
            shared.part = post_on(shared.engine, terms, c_gate::hold, &shared.gate);
            return vmtask_status{VMTASK_OK};
        },
        &all);

    REQUIRE(all.gate.reached());
    CHECK(vmtask_task_wait(whole.get(), 0) == VMTASK_E_TIMED_OUT);
    all.gate.open();
    CHECK(result_of(whole) == VMTASK_OK);
    CHECK(all.id == info_of(whole).id);
    CHECK(info_of(all.part).is_complete == 1);

    const engine_owner other = make_engine();
    auto terms = ready<vmtask_terms>();
    terms.parent = whole.get();
    CHECK(try_post(other, terms).status == VMTASK_E_OTHER_ENGINE);
    CHECK(try_post(engine, terms).status == VMTASK_E_ALREADY_ENDED);
}

TEST_CASE("each time limit of a task in C cancels it, or is only reported", "[c_api]")
{
    struct limit {
        std::int64_t vmtask_terms::*duration;
        int bit;
    };
    const auto which = GENERATE(limit{&vmtask_terms::running_limit_ms, VMTASK_LIMIT_RUNNING},
                                limit{&vmtask_terms::total_limit_ms, VMTASK_LIMIT_TOTAL},
                                limit{&vmtask_terms::without_progress_limit_ms, VMTASK_LIMIT_WITHOUT_PROGRESS});
    c_gate gate;
    c_gate reported_gate;
    const engine_owner engine = make_engine(2);
    auto terms = ready<vmtask_terms>();
    terms.*which.duration = 1;

    const task_owner stopped = post_on(engine, terms, c_gate::hold, &gate);
    CHECK(result_of(stopped) == VMTASK_E_CANCELLED);
    CHECK(info_of(stopped).limits_passed == which.bit);

    terms.limits_only_reported = static_cast<std::uint32_t>(which.bit);
    const task_owner reported = post_on(engine, terms, c_gate::hold, &reported_gate);
    CHECK(eventually([&] { return info_of(reported).limits_passed == which.bit; }));
    reported_gate.open();
    CHECK(result_of(reported) == VMTASK_OK);
}

TEST_CASE("a task in C that is queued for too long is cancelled", "[c_api]")
{
    c_gate gate;
    const engine_owner engine = make_engine();
    const task_owner held = post_held(engine, gate);
    auto terms = ready<vmtask_terms>();
    terms.queued_limit_ms = 1;
    // Limits without end are no limits.
    terms.total_limit_ms = INT64_MAX;

    const task_owner queued = post_on(engine, terms);

    CHECK(result_of(queued) == VMTASK_E_CANCELLED);
    CHECK(info_of(queued).limits_passed == VMTASK_LIMIT_QUEUED);
    CHECK(info_of(held).limits_passed == 0);
    gate.open();
}

TEST_CASE("a task in C is tried again as often as it may, where that is worth it", "[c_api]")
{
    const engine_owner engine = make_engine();
    std::atomic<int> attempts{0};
    auto terms = ready<vmtask_terms>();
    terms.attempts = 3;
    terms.first_delay_ms = -1;
    terms.longest_delay_ms = INT64_MAX;
    terms.delay_jitter = -1;
    terms.delay_growth = 1;

    CHECK(result_of(post_on(engine, terms, fail_each_time, &attempts)) == VMTASK_E_USER + 1);
    CHECK(attempts == 3);

    std::atomic<vmtask_status> asked{VMTASK_OK};
    terms.repeat_user = &asked;
    terms.repeat_on = [](vmtask_status status, void* user) -> std::uint32_t {
        *static_cast<std::atomic<vmtask_status>*>(user) = status;
        return 0;
    };
    CHECK(result_of(post_on(engine, terms, fail_each_time, &attempts)) == VMTASK_E_USER + 1);
    CHECK(attempts == 4);
    CHECK(asked == VMTASK_E_USER + 1);
}

TEST_CASE("terms that there are not are refused, and nothing is posted", "[c_api]")
{
    const engine_owner engine = make_engine();
    const auto status_of = [&](auto change) {
        auto terms = ready<vmtask_terms>();
        change(terms);
        const posted made = try_post(engine, terms);
        CHECK(made.task == nullptr);
        return made.status;
    };
    const double no_number = std::numeric_limits<double>::quiet_NaN();
    const char* const nothing = nullptr;
    vmtask_task* const nobody = nullptr;

    CHECK(status_of([](auto& terms) { terms.priority = 3; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.when_busy = 4; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.after_failure = 2; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.exclusive_count = 1; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.shared_count = 1; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.after_count = 1; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([&](auto& terms) { terms.exclusive = &nothing, terms.exclusive_count = 1; })
          == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([&](auto& terms) { terms.after = &nobody, terms.after_count = 1; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.running_limit_ms = -1; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([&](auto& terms) { terms.delay_growth = no_number; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([&](auto& terms) { terms.delay_jitter = no_number; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.delay_jitter = 1.5; }) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(status_of([](auto& terms) { terms.limits_only_reported = 16; }) == VMTASK_E_UNKNOWN_OPTION);
    CHECK(status_of([](auto& terms) { terms.reserved = 1; }) == VMTASK_E_UNKNOWN_OPTION);
    CHECK(status_of([](auto& terms) { terms.struct_size = 0; }) == VMTASK_E_STRUCT_SIZE);
    CHECK(status_of([](auto& terms) { terms.when_busy = VMTASK_WHEN_BUSY_JOIN; }) == VMTASK_E_BAD_TERMS);
}
