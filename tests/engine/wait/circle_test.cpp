// SPDX-License-Identifier: BSL-1.0

// Posts that would make tasks wait for each other for ever, over claims, lanes
// and the waits of bodies.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/thrown.hpp"

#include <atomic>
#include <stdexcept>
#include <system_error>
#include <utility>

using namespace vmtask;
using test::code_thrown_by;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

/// A task whose body stays until it is let go, and posts a part before that.
class posting_task {
public:
    /// Begins at once.
    posting_task(engine& where, task_options options) : engine_(where)
    {
        task_ = where.post([this](task_context& self) { play(self); }, std::move(options));
        if (!begun_.reached()) throw std::runtime_error("it did not begin");
    }

    /// What the post of such a part is refused with; nothing when it is posted.
    std::error_code post_part(task_options options)
    {
        options_ = std::move(options);
        go_.open();
        if (!eventually([&] { return has_posted_.load(); })) throw std::runtime_error("it did not post");
        return refusal_;
    }

    void let_go() { stay_.open(); }
    [[nodiscard]] const task_handle& handle() const { return task_; }
    [[nodiscard]] const task_handle& part() const { return part_; }

private:
    void play(task_context& self)
    {
        begun_.open();
        begun_.hold_regardless();
        go_.hold(self);
        options_.parent = self.handle();
        refusal_ = code_thrown_by([&] { part_ = engine_.post(nothing, options_); });
        has_posted_ = true;
        stay_.hold(self);
    }

    engine& engine_;
    test::gate begun_;
    test::gate go_;
    test::gate stay_;
    task_options options_;
    std::error_code refusal_;
    std::atomic<bool> has_posted_{false};
    task_handle task_;
    task_handle part_;
};

/// Lets the first and the second go, each of which has posted a part; the one
/// part waits for the second, and the other was refused.
void require_ends(posting_task& first, posting_task& second)
{
    first.let_go();
    second.let_go();
    REQUIRE(first.handle().wait_for_completion(patience) == wait_status::completed);
    REQUIRE(second.handle().wait_for_completion(patience) == wait_status::completed);
    CHECK(first.handle().state() == task_state::succeeded);
    CHECK(second.handle().state() == task_state::succeeded);
    REQUIRE(first.part());
    CHECK(first.part().state() == task_state::succeeded);
}

} // namespace

TEST_CASE("a part that claims what the task holds for which its whole's waits is refused", "[circle][part][resource]")
{
    engine engine({.workers = 4});
    posting_task holds_first(engine, {.claims = {exclusive("r1")}});
    posting_task holds_second(engine, {.claims = {exclusive("r2")}});
    CHECK(holds_second.post_part({.claims = {exclusive("r1")}}) == std::error_code());
    CHECK(holds_first.post_part({.claims = {exclusive("r2")}}) == errc::cycle);
    require_ends(holds_second, holds_first);
}

TEST_CASE("a part that claims shared what is held shared closes no circle", "[circle][part][resource]")
{
    engine engine({.workers = 4});
    posting_task one(engine, {.claims = {exclusive("r1"), shared("r3")}});
    posting_task other(engine, {.claims = {exclusive("r2"), shared("r3")}});
    CHECK(one.post_part({.claims = {exclusive("r2")}}) == std::error_code());
    CHECK(other.post_part({.claims = {shared("r3")}}) == std::error_code());
    require_ends(one, other);
}

TEST_CASE("a part is refused whose circle is closed by a place in a lane", "[circle][part][lane]")
{
    engine engine({.workers = 4, .lanes = {{"array", 1}}});
    posting_task in_lane(engine, {.lane = "array"});
    posting_task holder(engine, {.claims = {exclusive("disk")}});
    SECTION("which the part waits for")
    {
        CHECK(in_lane.post_part({.claims = {exclusive("disk")}}) == std::error_code());
        CHECK(holder.post_part({.lane = "array"}) == errc::cycle);
        require_ends(in_lane, holder);
    }
    SECTION("which its whole has")
    {
        CHECK(holder.post_part({.lane = "array"}) == std::error_code());
        CHECK(in_lane.post_part({.claims = {exclusive("disk")}}) == errc::cycle);
        require_ends(holder, in_lane);
    }
}

TEST_CASE("two lanes close a circle as two resources do", "[circle][part][lane]")
{
    engine engine({.workers = 4, .lanes = {{"one", 1}, {"two", 1}}});
    posting_task in_one(engine, {.lane = "one"});
    posting_task in_two(engine, {.lane = "two"});
    CHECK(in_one.post_part({.lane = "two"}) == std::error_code());
    CHECK(in_two.post_part({.lane = "one"}) == errc::cycle);
    require_ends(in_one, in_two);
}

TEST_CASE("a lane with room for another closes no circle", "[circle][part][lane]")
{
    engine engine({.workers = 4, .lanes = {{"one", 1}, {"two", 2}}});
    posting_task in_one(engine, {.lane = "one"});
    posting_task in_two(engine, {.lane = "two"});
    CHECK(in_one.post_part({.lane = "two"}) == std::error_code());
    CHECK(in_two.post_part({.lane = "one"}) == std::error_code());
    require_ends(in_one, in_two);
}

TEST_CASE("a part that comes after a task which waits for what its whole holds is refused",
          "[circle][part][predecessor]")
{
    engine engine({.workers = 2, .lanes = {{"array", 1}}});
    posting_task whole(engine, {.lane = "array", .claims = {exclusive("disk")}});
    const bool by_lane = GENERATE(false, true);
    const task<> waits =
        by_lane ? engine.post(nothing, {.lane = "array"}) : engine.post(nothing, {.claims = {exclusive("disk")}});
    const task<> waits_for_that = engine.post(nothing, {.after = {waits}});
    CHECK(whole.post_part({.after = {waits_for_that}}) == errc::cycle);
    whole.let_go();
    CHECK(waits_for_that.wait_for_completion(patience) == wait_status::completed);
    CHECK(waits_for_that.state() == task_state::succeeded);
}

TEST_CASE("a part that comes after a task whose body waits for its whole is refused", "[circle][part][predecessor]")
{
    engine engine({.workers = 2});
    posting_task whole(engine, {});
    const auto waits = engine.post([&](task_context&) { return whole.handle().wait_for_completion(); });
    REQUIRE(eventually([&] { return engine.metrics().workers_blocked == 1; }));
    CHECK(whole.post_part({.after = {waits}}) == errc::cycle);
    whole.let_go();
    REQUIRE(waits.wait_for_completion(patience) == wait_status::completed);
    CHECK(waits.result() == wait_status::completed);
}
