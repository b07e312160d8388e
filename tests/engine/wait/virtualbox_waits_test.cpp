// SPDX-License-Identifier: BSL-1.0
//
// Two defects of VirtualBox's IProgress that ours must never have:
// - waitForOperationCompletion() has its condition inverted: it goes on waiting
//   for a part that is done, and returns for one that is not as soon as any
//   other part is;
// - all waiters share one event that the last of them resets, so two who wait
//   spin from the first change of a step until the end.

#include <vmtask/engine.hpp>
#include <vmtask/progress_step.hpp>
#include <vmtask/when_all.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"

#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// How often the calling thread has given up the processor to wait, and for how
/// long it has had it.
struct effort {
    long waits = 0;
    std::chrono::microseconds busy{};

    static effort of_this_thread()
    {
        rusage used{};
        ::getrusage(RUSAGE_THREAD, &used);
        const auto time = [](const timeval& value) {
            return std::chrono::seconds(value.tv_sec) + std::chrono::microseconds(value.tv_usec);
        };
        return {used.ru_nvcsw, time(used.ru_utime) + time(used.ru_stime)};
    }
};

/// What `wait` takes of the calling thread.
effort effort_of(const std::function<void()>& wait)
{
    const effort before = effort::of_this_thread();
    wait();
    const effort after = effort::of_this_thread();
    return {after.waits - before.waits, after.busy - before.busy};
}

} // namespace

TEST_CASE("a wait for a part that is done returns at once, one for a later part only with it", "[virtualbox]")
{
    std::vector<test::gate> gates(3);
    std::vector<task<>> parts;
    test::mailbox<wait_status> told;
    vmtask::engine engine({.workers = 3});
    for (auto& gate : gates) parts.push_back(engine.post([&gate](task_context& self) { gate.hold(self); }));
    std::thread for_the_last([&] { told.put(parts[2].wait_for_completion()); });
    std::thread for_two([&] { told.put(when_all(parts[0], parts[2]).wait_for_completion()); });
    gates[0].open();

    // Done, though the others are not.
    CHECK(parts[0].wait_for_completion(patience) == wait_status::completed);
    CHECK(parts[0].wait_for_completion(0s) == wait_status::completed);
    CHECK(when_any(parts[0], parts[2]).wait_for_completion(0s).status == wait_status::completed);
    // Not done, though another is.
    CHECK(parts[2].wait_for_completion(20ms) == wait_status::timed_out);
    CHECK(when_all(parts[0], parts[2]).wait_for_completion(20ms) == wait_status::timed_out);
    gates[1].open();
    CHECK(parts[1].wait_for_completion(patience) == wait_status::completed);
    CHECK(parts[2].wait_for_completion(20ms) == wait_status::timed_out);
    CHECK(told.letters().empty());

    gates[2].open();
    for_the_last.join();
    for_two.join();
    CHECK(told.letters() == std::vector(2, wait_status::completed));
}

TEST_CASE("several who wait all sleep, however often the steps change", "[virtualbox]")
{
    test::gate all_wait;
    test::mailbox<effort> spent;
    vmtask::engine engine({.workers = 3});
    const auto task = engine.post([&](task_context& self) {
        all_wait.hold(self);
        progress_step whole(self);
        for (int i = 0; i < 300; ++i) {
            progress_step step = whole.step(1.0 / 300, "next");
            step.report(1, 2);
            std::this_thread::sleep_for(1ms);
        }
    });
    const auto other = engine.post([&](task_context& self) { all_wait.hold(self); });
    const std::vector<std::function<void()>> waits{
        [&] { (void)task.wait_for_completion(); },
        [&] { (void)task.wait_for_completion(patience); },
        [&] { (void)when_all(task, other).wait_for_completion(patience); },
        [&] { (void)when_all(other, task).wait_for_completion(); },
        [&] { (void)when_any(task, task).wait_for_completion(patience); },
    };
    std::vector<std::thread> threads;
    for (const auto& wait : waits) threads.emplace_back([&, wait] { spent.put(effort_of(wait)); });
    const auto on_a_worker = engine.post([&](task_context&) { spent.put(effort_of(waits[2])); });
    all_wait.open();
    CHECK(spent.holds(waits.size() + 1));
    for (auto& thread : threads) thread.join();

    for (const effort& each : spent.letters()) {
        CHECK(each.waits < 30);
        CHECK(each.busy < 100ms);
    }
}
