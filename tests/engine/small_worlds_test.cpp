// SPDX-License-Identifier: BSL-1.0

// Two resources, one lane with one place, three or four tasks that are parts of
// each other or come after each other: in each such world, whatever the order of
// events, all tasks end, or are refused when they are posted.
//
// There are millions of such worlds. A walk with a fixed stride takes some of
// each sort; VMTASK_WORLDS says how many in all (100,000 for a hunt). A world that
// failed is printed as it goes into the list below.

#include "small_world.hpp"
#include "small_world_stage.hpp"

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/patience.hpp"
#include "support/sanitized.hpp"

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>

using namespace vmtask;
using test::small_world;

namespace {

/// Worlds that stood still once, with what they showed.
constexpr const char* regressions[] = {
    // A part of a running task behind one that waits for that task, because of a third that held a resource.
    ".x; sx; s.; x. P0i | p0 p1 p2 p3 e2 e3 e0 e1",
    "s.; xs; .s; xx P0i | p0 p1 p2 p3 e3 e2 e0 e1",
    // Behind one that has an older whole, and waits for what this part's own whole holds.
    ".x; x.; x. P0i; x. P1i | p0 p1 p2 p3 e3 e2 e1 e0",
    // Behind what was claimed while its owner waited for the lane, where the whole has the only place.
    ".. L; x. L; x. P0i | p0 p1 p2 e2 e0 e1",
    // A body that waits for a task behind its own place in the lane, at once or over others.
    ".. L; .. L | p0 p1 w01 e0 e1",
    "s. L; ss L; xs P1i A1 | p0 p1 p2 e2 w01 e1 e0",
    // A part after a task that waits for what its whole has claimed, for its place in the lane, or in its body.
    "xs; sx; .s P0 A1 | p0 p1 e1 p2 e2 e0",
    "x. L; xx; s. P0i A1 | p0 p1 e1 p2 e0 e2",
    ".. L; .. L; .. L P0i A1 | p0 p1 p2 e0 e2 e1",
    "xs; .. L; xs P0i A1 | p0 p1 w10 p2 e1 e2 e0",
};

/// Runs worlds on one engine, as long as that gets through them.
class walker {
public:
    /// What was wrong with the world; empty, if nothing was.
    std::string run(const small_world& world)
    {
        if (!engine_) {
            engine_ =
                std::make_unique<engine>(engine_options{.workers = 4, .lanes = {{"lane", 1}}, .retain = {.count = 16}});
        }
        const auto stage = std::make_shared<test::small_world_stage>(*engine_, world);
        const auto patience =
            test::number_from_environment("VMTASK_PATIENCE_MS", test::patience / std::chrono::milliseconds(1));
        std::string finding = stage->run(std::chrono::milliseconds(patience));
        refused_ += stage->refusals();
        // An engine with tasks that nothing ends cannot be destroyed.
        if (!finding.empty() && !stage->clear_away()) (void)engine_.release();
        return finding;
    }

    [[nodiscard]] int refused() const noexcept { return refused_; }

private:
    std::unique_ptr<engine> engine_;
    int refused_ = 0;
};

/// Walks `share` out of ten of the worlds of a run, and stops when many are bad.
void require_liveness(const test::small_world_family& family, std::size_t share)
{
    const std::size_t all = test::number_from_environment("VMTASK_WORLDS", test::is_sanitized ? 1000 : 4000);
    walker walker;
    std::size_t walked = 0;
    int bad = 0;
    test::walk(family, all * share / 10, [&](const small_world& world) {
        ++walked;
        const std::string finding = walker.run(world);
        if (finding.empty()) return true;
        ++bad;
        INFO(finding);
        CHECK(finding.empty());
        return bad < 20;
    });
    std::cout << "worlds of " << family.name << ": " << walked << ", with findings: " << bad
              << ", posts refused: " << walker.refused() << '\n';
}

} // namespace

TEST_CASE("worlds that stood still once do so no more", "[small_world]")
{
    walker walker;
    for (const char* const text : regressions) {
        const small_world world = small_world::parse(text);
        CHECK(world.text() == text);
        CHECK(walker.run(world) == "");
    }
}

TEST_CASE("three tasks end whatever they claim and whoever is a part of whom", "[small_world]")
{
    require_liveness(test::undisturbed_worlds(), 4);
}

TEST_CASE("three tasks end whenever one of them is cancelled, paused, or waits for another", "[small_world]")
{
    require_liveness(test::disturbed_worlds(), 4);
}

TEST_CASE("four tasks end, one of which is posted as a part when the others wait", "[small_world]")
{
    require_liveness(test::worlds_of_four(), 2);
}
