// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/prometheus.hpp>

#include "tell/duration_counter.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

void nothing(task_context&) {}

void wait_for(const task_handle& task)
{
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

bool has_line(const std::string& text, const std::string& wanted)
{
    const auto lines = lines_of(text);
    return std::find(lines.begin(), lines.end(), wanted) != lines.end();
}

} // namespace

TEST_CASE("a duration is counted in the first bucket that holds it", "[metrics]")
{
    detail::duration_counter counter;
    for (const auto added : {-1s, 0s}) counter.add(added);
    for (const std::chrono::nanoseconds added : {1'000'000ns, 1'000'001ns, 2'000'000ns, 5'000'000ns})
        counter.add(added);
    counter.add(duration_histogram::bound(duration_histogram::bucket_count - 1));
    counter.add(duration_histogram::bound(duration_histogram::bucket_count - 1) + 1ms);

    const duration_histogram counted = counter.read();
    CHECK(counted.buckets[0] == 3);
    CHECK(counted.buckets[1] == 2);
    CHECK(counted.buckets[3] == 1);
    CHECK(counted.buckets.back() == 1);
    CHECK(counted.count == 8);
    CHECK(std::accumulate(counted.buckets.begin(), counted.buckets.end(), std::uint64_t{0}) == 7);
    CHECK(counted.sum == 10'000'001ns + 2 * duration_histogram::bound(duration_histogram::bucket_count - 1));
}

TEST_CASE("the metrics count how tasks came out", "[metrics]")
{
    test::gate gate;
    engine engine({.workers = 1, .queue_limit = 3, .retain = {.count = 2}});
    for (int i = 0; i < 3; ++i) wait_for(engine.post(nothing));
    wait_for(engine.post([](task_context&) { throw 1; }));
    wait_for(engine.post([](task_context&) { throw 1; }, {.retry = retry_policy{.first_delay = 0s}}));
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto cancelled = engine.post(nothing);
    CHECK_FALSE(cancelled.request_cancel());
    for (int i = 0; i < 3; ++i) engine.post(nothing);
    CHECK_THROWS_AS(engine.post(nothing), std::system_error);

    const metrics_snapshot now = engine.metrics();
    CHECK(now.tasks_posted == 10);
    CHECK(now.tasks_succeeded == 3);
    CHECK(now.tasks_failed == 2);
    CHECK(now.tasks_cancelled == 1);
    CHECK(now.posts_withdrawn == 1);
    CHECK(now.attempts_repeated == 2);
    CHECK(now.tasks_queued == 3);
    CHECK(now.tasks_under_way == 1);
    CHECK(now.tasks_kept == 2);
    CHECK(now.tasks_evicted == 4);
    CHECK(now.workers == 1);
    CHECK(now.queued.count == 6);
    CHECK(now.run.count == 7);
    CHECK(now.cancel.count == 1);
    gate.open();
}

TEST_CASE("the metrics measure how long tasks are queued, run, and take to stop", "[metrics]")
{
    constexpr auto longest = 40ms;
    test::gate gate;
    engine engine({.workers = 1});
    const auto running = engine.post([&](task_context&) { gate.hold_regardless(); });
    REQUIRE(gate.reached());
    CHECK_FALSE(running.request_cancel());
    const auto queued = engine.post(nothing);
    std::this_thread::sleep_for(2 * longest);
    gate.open();
    wait_for(queued);

    REQUIRE(eventually([&] { return engine.metrics().run.count == 2; }));
    const metrics_snapshot now = engine.metrics();
    for (const duration_histogram& each : {now.queued, now.run, now.cancel}) {
        CHECK(each.sum >= longest);
        CHECK(each.sum < 2 * patience);
    }
    CHECK(now.queued.count == 2);
    CHECK(now.cancel.count == 1);
}

TEST_CASE("the metrics count workers that block, those that take over, and waits that were refused", "[metrics]")
{
    test::gate gate;
    engine engine({.workers = 1, .spare_workers = 1});
    const auto part = [&](task_context& self) { gate.hold(self); };
    const auto outer = engine.post([&](task_context& self) {
        const wait_status for_itself = self.handle().wait_for_completion();
        // With a time-out, so that the waiting thread does not run it itself.
        const wait_status for_part = engine.post(part).wait_for_completion(2 * patience);
        return std::pair(for_itself, for_part);
    });
    REQUIRE(gate.reached());
    const metrics_snapshot now = engine.metrics();
    CHECK(now.workers == 2);
    CHECK(now.workers_blocked == 1);
    CHECK(now.spare_workers_started == 1);
    CHECK(now.waits_compensated == 1);
    CHECK(now.waits_refused == 1);
    gate.open();
    wait_for(outer);
    CHECK(outer.result() == std::pair(wait_status::would_deadlock, wait_status::completed));
    CHECK(eventually([&] { return engine.metrics().workers_blocked == 0; }));
    CHECK(engine.metrics().spare_workers_started == 1);
}

TEST_CASE("the metrics show that the event loop is late, while it is", "[metrics]")
{
    test::gate gate;
    engine engine({.workers = 1});
    CHECK(engine.metrics().event_loop_delay.count == 0);
    REQUIRE(eventually([&] { return engine.metrics().event_loop_delay.count > 0; }));

    asio::post(engine.get_executor(), [&] { gate.hold_regardless(); });
    REQUIRE(gate.reached());
    CHECK(eventually([&] { return engine.metrics().event_loop_delay_latest > 50ms; }));
    gate.open();
    CHECK(eventually([&] { return engine.metrics().event_loop_delay_latest < 50ms; }));
    CHECK(engine.metrics().event_loop_delay.sum > 50ms);
}

TEST_CASE("every line of the text for Prometheus is as its format demands", "[metrics]")
{
    engine engine({.workers = 1});
    wait_for(engine.post(nothing));
    const std::string text = to_prometheus(engine.metrics(), GENERATE("", "node 1"));
    const std::regex help("# HELP vmtask_[a-z_]+ [^\\\\]+");
    const std::regex type("# TYPE (vmtask_[a-z_]+) (counter|gauge|histogram)");
    const std::regex sample("(vmtask_[a-z_]+)(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\\})? [0-9.e+-]+");

    REQUIRE(text.back() == '\n');
    std::set<std::string> names;
    std::string name;
    for (const std::string& line : lines_of(text)) {
        std::smatch match;
        if (std::regex_match(line, help)) continue;
        if (std::regex_match(line, match, type)) {
            name = match[1];
            CHECK(names.insert(name).second); // all that has one name stands together
            CHECK((match[2] == "counter") == name.ends_with("_total"));
            continue;
        }
        CAPTURE(line);
        REQUIRE(std::regex_match(line, match, sample));
        CHECK(match[1].str().starts_with(name));
    }
    CHECK(names.size() > 15);
}

TEST_CASE("a histogram for Prometheus counts up to infinity", "[metrics]")
{
    metrics_snapshot metrics;
    metrics.run.buckets[0] = 3;
    metrics.run.buckets[2] = 4;
    metrics.run.count = 9;
    metrics.run.sum = 90min + 500ms;
    const std::string text = to_prometheus(metrics);
    CHECK(has_line(text, "# TYPE vmtask_task_run_seconds histogram"));
    CHECK(has_line(text, "vmtask_task_run_seconds_bucket{le=\"0.001\"} 3"));
    CHECK(has_line(text, "vmtask_task_run_seconds_bucket{le=\"0.002\"} 3"));
    CHECK(has_line(text, "vmtask_task_run_seconds_bucket{le=\"0.004\"} 7"));
    CHECK(has_line(text, "vmtask_task_run_seconds_bucket{le=\"1.024\"} 7"));
    CHECK(has_line(text, "vmtask_task_run_seconds_bucket{le=\"+Inf\"} 9"));
    CHECK(has_line(text, "vmtask_task_run_seconds_sum 5400.5"));
    CHECK(has_line(text, "vmtask_task_run_seconds_count 9"));
}

TEST_CASE("a label for Prometheus may hold anything", "[metrics]")
{
    metrics_snapshot metrics;
    metrics.tasks_failed = 7;
    metrics.tasks_posted = 8;
    const std::string text = to_prometheus(metrics, "a\\b\"c\nd");
    CHECK(has_line(text, "vmtask_tasks_ended_total{engine=\"a\\\\b\\\"c\\nd\",state=\"failed\"} 7"));
    CHECK(has_line(text, "vmtask_tasks_posted_total{engine=\"a\\\\b\\\"c\\nd\"} 8"));
    CHECK(has_line(to_prometheus(metrics), "vmtask_tasks_posted_total 8"));
}
