// SPDX-License-Identifier: BSL-1.0

// Circles that are looked for while tasks between their members go.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/sanitized.hpp"
#include "support/thrown.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

void nothing(task_context&) {}

/// A task holds "array"; behind it waits one, and behind that another, which waits
/// for "disk", too, behind so many that to look for a circle takes a while. A part
/// of the first is posted after the last, and the one between is cancelled
/// `turns` of a loop later. Returns what the post was refused with.
std::error_code post_while_one_goes(int line, int turns)
{
    test::gate gate;
    std::atomic<bool> is_posting{false};
    std::error_code refusal;
    engine engine({.workers = 3});
    task_handle last;
    std::atomic<bool> is_set_up{false};
    const auto whole = engine.post(
        [&](task_context& self) {
            if (!test::eventually([&] { return is_set_up.load(); })) return;
            is_posting = true;
            refusal =
                test::code_thrown_by([&] { (void)engine.post(nothing, {.after = {last}, .parent = self.handle()}); });
        },
        {.claims = {exclusive("array")}});
    const auto between = engine.post(nothing, {.claims = {exclusive("array")}});
    const auto holder = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    REQUIRE(gate.reached());
    std::vector<task<>> others;
    for (int i = 0; i < line; ++i) others.push_back(engine.post(nothing, {.claims = {exclusive("disk")}}));
    last = engine.post(nothing, {.claims = {exclusive("array"), exclusive("disk")}});

    is_set_up = true;
    while (!is_posting) {
    }
    for (int turn = 0; turn < turns; ++turn) (void)is_posting.load();
    (void)between.request_cancel();
    const bool has_ended = whole.wait_for_completion(patience) == wait_status::completed;
    gate.open();
    if (!has_ended) (void)engine.shutdown(shutdown_mode::cancel);
    CHECK(has_ended);
    return refusal;
}

} // namespace

TEST_CASE("a circle is seen though who stands between leaves the line while it is looked for", "[circle]")
{
    const int line = test::is_sanitized ? 200 : 2000;
    for (int round = 0; round < 60; ++round) {
        INFO("round " << round);
        REQUIRE(post_while_one_goes(line, round * (line / 2)) == errc::cycle);
    }
}
