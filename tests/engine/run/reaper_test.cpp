// SPDX-License-Identifier: BSL-1.0
#include "run/reaper.hpp"

#include "base/engine_core.hpp"
#include "run/reaper.hpp"

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/patience.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using detail::thread_kind;

namespace {

class told_job final : public detail::reaper::job {
public:
    explicit told_job(std::function<void()> work) : work_(std::move(work)) {}
    void run() noexcept override { work_(); }

private:
    std::function<void()> work_;
};

detail::reaper& reaper_of(engine& where)
{
    return detail::core_of(where).reaper;
}

std::optional<thread_kind> kind_of_this_thread()
{
    const detail::engine_thread* const here = detail::this_engine_thread();
    return here ? std::optional(here->kind) : std::nullopt;
}

} // namespace

TEST_CASE("jobs run one after the other, in order, on the reaper's thread", "[reaper]")
{
    test::mailbox<std::pair<int, std::optional<thread_kind>>> done;
    std::vector<std::unique_ptr<told_job>> jobs;
    for (int i = 0; i < 100; ++i)
        jobs.push_back(std::make_unique<told_job>([&done, i] { done.put({i, kind_of_this_thread()}); }));
    engine engine({.workers = 1});

    for (const auto& job : jobs) reaper_of(engine).add(*job);

    REQUIRE(done.holds(100));
    int expected = 0;
    for (const auto& [number, kind] : done.letters()) {
        CHECK(number == expected++);
        CHECK(kind == thread_kind::reaper);
    }
}

TEST_CASE("while a job blocks in a wait the jobs behind it go on", "[reaper]")
{
    test::gate gate;
    test::mailbox<int> ran;
    detail::reaper* reaper = nullptr;
    told_job blocking([&] {
        if (reaper->begin_blocking()) gate.hold_regardless();
        ran.put(1);
    });
    told_job next([&] { ran.put(2); });
    told_job last([&] { ran.put(3); });
    engine engine({.workers = 1});
    reaper = &reaper_of(engine);

    reaper->add(blocking);
    reaper->add(next);
    CHECK(ran.holds(1));
    CHECK(gate.still_holding());
    gate.open();
    CHECK(ran.holds(2));
    reaper->add(last);

    REQUIRE(ran.holds(3));
    CHECK(ran.letters() == std::vector{2, 1, 3});
    CHECK(test::eventually([&] { return reaper->threads().size() == 1; }));
}

TEST_CASE("a job may not block when no further thread can be had", "[reaper]")
{
    test::mailbox<bool> may_block;
    detail::reaper* reaper = nullptr;
    told_job blocking([&] { may_block.put(reaper->begin_blocking()); });
    engine engine({.workers = 1, .spare_workers = 0});
    reaper = &reaper_of(engine);

    reaper->add(blocking);

    REQUIRE(may_block.holds(1));
    CHECK_FALSE(may_block.letters().front());
}

TEST_CASE("jobs that are there when the engine ends run, and those that they add", "[reaper]")
{
    test::gate gate;
    test::mailbox<int> ran;
    detail::reaper* reaper = nullptr;
    told_job third([&] { ran.put(3); });
    told_job second([&] {
        ran.put(2);
        reaper->add(third);
    });
    told_job first([&] {
        gate.hold_regardless();
        ran.put(1);
    });
    {
        engine engine({.workers = 1});
        reaper = &reaper_of(engine);
        reaper->add(first);
        CHECK(gate.reached());
        reaper->add(second);
        gate.open();
    }

    CHECK(ran.letters() == std::vector{1, 2, 3});
}

TEST_CASE("a job that comes after the engine's end runs where it is added", "[reaper]")
{
    task_handle keeps_the_core;
    detail::reaper* reaper = nullptr;
    {
        engine engine({.workers = 1});
        reaper = &reaper_of(engine);
        keeps_the_core = engine.post([](task_context&) {});
    }
    std::thread::id ran_on;
    told_job late([&] { ran_on = std::this_thread::get_id(); });

    reaper->add(late);

    CHECK(ran_on == std::this_thread::get_id());
}
