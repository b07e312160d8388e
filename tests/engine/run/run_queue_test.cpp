// SPDX-License-Identifier: BSL-1.0
#include "run/run_queue.hpp"

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

using namespace vmtask;
using detail::run_queue;
using detail::task_record;

namespace {

/// A task whose engine has gone, so that it is in no list.
class spare_task {
public:
    spare_task()
    {
        REQUIRE(task_.wait_for_completion(test::patience) == wait_status::completed);
        engine_.reset();
    }
    [[nodiscard]] task_record& record() const { return *detail::record_of(task_); }

private:
    std::optional<engine> engine_{std::in_place, engine_options{.workers = 1}};
    task<> task_ = engine_->post([](task_context&) {});
};

} // namespace

TEST_CASE("a worker that looks while a task moves from the intake to the run queue sees that there is one",
          "[run_queue]")
{
    const spare_task spare;
    const std::atomic<std::uint64_t> left{0};
    detail::intake intake({}, left);
    run_queue queue(intake, std::chrono::seconds(30));
    CHECK_FALSE(queue.has_queued());
    intake.add(spare.record());
    CHECK(queue.has_queued());

    int moved = 0;
    // Called when it has left the one and has not come to the other.
    const auto settle = [&](task_record&) noexcept {
        ++moved;
        CHECK(queue.has_queued());
    };
    SECTION("with all others")
    {
        queue.take_in(settle);
    }
    SECTION("alone")
    {
        CHECK(queue.take_one_in(settle));
    }
    REQUIRE(moved == 1);
    CHECK(queue.has_queued());
    CHECK(queue.pop(settle) == &spare.record());
    CHECK_FALSE(queue.has_queued());
}

TEST_CASE("where nothing was posted nothing is seen", "[run_queue]")
{
    const std::atomic<std::uint64_t> left{0};
    detail::intake intake({}, left);
    run_queue queue(intake, std::chrono::seconds(30));
    const auto settle = [](task_record&) noexcept {};
    CHECK_FALSE(queue.take_one_in(settle));
    queue.take_in(settle);
    CHECK_FALSE(queue.has_queued());
    CHECK(queue.pop(settle) == nullptr);
}
