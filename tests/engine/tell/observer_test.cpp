// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;
using words = std::vector<std::string>;

namespace {

/// Writes down what it is told, as one word for each call.
class notebook final : public task_observer {
public:
    [[nodiscard]] words told() const
    {
        const std::lock_guard lock(mutex_);
        return told_;
    }
    /// What it was told of the task whose description begins so.
    [[nodiscard]] words told_of(const std::string& task) const
    {
        words found;
        for (const std::string& word : told())
            if (word.starts_with(task)) found.push_back(word.substr(task.size()));
        return found;
    }
    [[nodiscard]] bool was_told(const std::string& word) const
    {
        const words seen = told();
        return std::find(seen.begin(), seen.end(), word) != seen.end();
    }
    std::thread::id began_on;

private:
    void note(const observed_task& task, const std::string& word)
    {
        const std::lock_guard lock(mutex_);
        told_.push_back(std::string(task.description) + word);
    }
    void posted(const observed_task& task) noexcept override { note(task, "posted"); }
    void withdrawn(const observed_task& task) noexcept override { note(task, "withdrawn"); }
    void began(const observed_task& task) noexcept override
    {
        began_on = std::this_thread::get_id();
        note(task, "began");
    }
    void paused(const observed_task& task) noexcept override { note(task, "paused"); }
    void resumed(const observed_task& task) noexcept override { note(task, "resumed"); }
    void attempt_failed(const observed_task& task, std::error_code error) noexcept override
    {
        note(task, "failed: " + error.message());
    }
    void ended(const observed_task& task, task_state state, std::error_code error) noexcept override
    {
        note(task, std::string(to_string(state)) + (error ? ": " + error.message() : ""));
    }

    mutable std::mutex mutex_;
    words told_; // guarded by mutex_
};

const std::error_code busy = std::make_error_code(std::errc::device_or_resource_busy);

} // namespace

TEST_CASE("an observer is told of a task from its post to its end", "[observer]")
{
    const auto observer = std::make_shared<notebook>();
    std::thread::id ran_on;
    {
        engine engine({.workers = 1, .observers = {observer}});
        (void)engine.post([&](task_context&) { ran_on = std::this_thread::get_id(); });
        (void)engine.shutdown(shutdown_mode::drain);
    }
    CHECK(observer->told() == words{"posted", "began", "succeeded"});
    CHECK(observer->began_on == ran_on);
    CHECK(observer.use_count() == 1);
}

TEST_CASE("an observer is told of each attempt, of tasks with terms and of coroutines", "[observer]")
{
    const auto observer = std::make_shared<notebook>();
    {
        engine engine({.workers = 1, .observers = {observer}});
        const retry_policy twice{.attempts = 2, .first_delay = 0s};
        const auto body =
            engine.post([](task_context&) { throw std::system_error(busy); }, {.description = "body ", .retry = twice});
        REQUIRE(body.wait_for_completion() == wait_status::completed);
        const auto coroutine = engine.post(
            [](task_context&) -> asio::awaitable<void> {
                throw std::system_error(busy);
                co_return;
            },
            {.description = "coroutine ", .retry = twice});
        REQUIRE(coroutine.wait_for_completion() == wait_status::completed);
    }
    const std::string why = "failed: " + busy.message();
    const words expected{"posted", "began", why, "began", why};
    CHECK(observer->told_of("body ") == expected);
    CHECK(observer->told_of("coroutine ") == expected);
}

TEST_CASE("an observer is told of a task that is cancelled in the queue", "[observer]")
{
    const auto observer = std::make_shared<notebook>();
    test::gate gate;
    engine engine({.workers = 1, .observers = {observer}});
    const auto held = test::occupy_workers(engine, gate, 1);
    const auto task = engine.post([](task_context&) {}, {.description = "it "});
    CHECK_FALSE(task.request_cancel());
    CHECK(observer->was_told("it cancelled: " + task.error().message()));
    CHECK_FALSE(observer->was_told("it began"));
    gate.open();
}

TEST_CASE("an observer is told that a post made no task", "[observer]")
{
    const auto observer = std::make_shared<notebook>();
    test::gate gate;
    engine engine({.workers = 1, .observers = {observer}});
    const auto held = engine.post([&](task_context& self) { gate.hold(self); }, {.claims = {exclusive("disk")}});
    CHECK_THROWS_AS(engine.post([](task_context&) {},
                                {.description = "it ", .claims = {exclusive("disk")}, .when_busy = when_busy::fail}),
                    resource_busy);
    CHECK(observer->was_told("it posted"));
    CHECK(observer->was_told("it withdrawn"));
    gate.open();
}

TEST_CASE("an observer is told of pauses of bodies and of coroutines", "[observer][pause]")
{
    const auto observer = std::make_shared<notebook>();
    {
        test::gate gate;
        engine engine({.workers = 1, .observers = {observer}});
        const auto pause_and_resume = [](const task_handle& task) {
            CHECK_FALSE(task.pause());
            REQUIRE(test::eventually([&] { return task.state() == task_state::paused; }));
            CHECK_FALSE(task.resume());
        };
        const auto body = engine.post([&](task_context& self) { gate.hold(self); }, {.description = "body "});
        REQUIRE(gate.reached());
        pause_and_resume(body);
        gate.open();
        REQUIRE(body.wait_for_completion() == wait_status::completed);

        std::atomic<bool> over{false};
        const auto coroutine = engine.post(
            [&](task_context& self) -> asio::awaitable<void> {
                while (!over) co_await self.async_checkpoint(asio::use_awaitable);
            },
            {.description = "coroutine "});
        REQUIRE(test::eventually([&] { return coroutine.state() == task_state::running; }));
        pause_and_resume(coroutine);
        over = true;
        REQUIRE(coroutine.wait_for_completion() == wait_status::completed);
    }
    const words expected{"posted", "began", "paused", "resumed", "succeeded"};
    CHECK(observer->told_of("body ") == expected);
    CHECK(observer->told_of("coroutine ") == expected);
}

TEST_CASE("an observer may ask the engine anything but to wait", "[observer]")
{
    struct curious final : task_observer {
        void began(const observed_task& task) noexcept override { look(task.id); }
        void ended(const observed_task& task, task_state, std::error_code) noexcept override { look(task.id); }
        void look(std::uint64_t id) noexcept
        {
            found += watched->find(id) ? 1 : 0;
            (void)watched->tasks();
            (void)watched->metrics();
        }
        engine* watched = nullptr;
        std::atomic<int> found{0};
    };
    const auto observer = std::make_shared<curious>();
    engine engine({.workers = 1, .observers = {observer}});
    observer->watched = &engine;
    REQUIRE(engine.post([](task_context&) {}, {.kind = "probe"}).wait_for_completion(patience)
            == wait_status::completed);
    CHECK(engine.shutdown(shutdown_mode::drain).complete());
    CHECK(observer->found == 2);
}

TEST_CASE("an observer that is being told of something goes only after that", "[observer]")
{
    /// Leaves a pause late, and knows when it is destroyed meanwhile.
    class slow_observer final : public task_observer {
    public:
        explicit slow_observer(test::gate& gate, std::atomic<int>& faults) : gate_(gate), faults_(faults) {}
        ~slow_observer() override
        {
            if (is_inside_) ++faults_;
        }

    private:
        void resumed(const observed_task&) noexcept override
        {
            is_inside_ = true;
            gate_.hold_regardless();
            // A lead for an engine that does not wait.
            std::this_thread::sleep_for(50ms);
            is_inside_ = false;
        }
        test::gate& gate_;
        std::atomic<int>& faults_;
        std::atomic<bool> is_inside_{false};
    };
    test::gate gate;
    std::atomic<int> faults{0};
    std::thread owner;
    {
        engine engine({.workers = 1, .observers = {std::make_shared<slow_observer>(gate, faults)}});
        task_source<> source(engine, task_options{});
        const task<> task = source.handle();
        REQUIRE_FALSE(task.pause());
        owner = std::thread([source = std::move(source)]() mutable {
            try {
                source.context().checkpoint();
            } catch (const std::system_error&) {
                // The engine has ended the task.
                return;
            }
        });
        REQUIRE(test::eventually([&] { return task.state() == task_state::paused; }));
        // What is destroyed with the executors is so at the engine's very end.
        auto timer = std::make_shared<asio::steady_timer>(engine.get_executor(), 1h);
        const auto opener = std::shared_ptr<void>(nullptr, [&](void*) { gate.open(); });
        timer->async_wait([timer, opener](std::error_code) {});
        REQUIRE_FALSE(task.resume());
        REQUIRE(gate.reached());
    }
    owner.join();
    CHECK(faults == 0);
}

TEST_CASE("each observer is told, in the order in which they were given", "[observer]")
{
    /// Writes into a notebook that it shares with others.
    class scribe final : public task_observer {
    public:
        scribe(std::string name, words& shared) : name_(std::move(name)), shared_(shared) {}

    private:
        void posted(const observed_task&) noexcept override { shared_.push_back(name_ + " posted"); }
        void ended(const observed_task&, task_state, std::error_code) noexcept override
        {
            shared_.push_back(name_ + " ended");
        }

        const std::string name_;
        words& shared_; // of one task, of which the calls come one after the other
    };

    words told;
    const auto first = std::make_shared<scribe>("first", told);
    {
        engine engine({.workers = 1, .observers = {first, std::make_shared<scribe>("second", told)}});
        engine.post([](task_context&) {});
    }
    CHECK(told == words{"first posted", "second posted", "first ended", "second ended"});
    CHECK(first.use_count() == 1);
}

TEST_CASE("an observer that is null is refused", "[observer]")
{
    try {
        const engine engine({.workers = 1, .observers = {std::make_shared<notebook>(), nullptr}});
        FAIL("was taken");
    } catch (const std::system_error& refused) {
        CHECK(refused.code() == errc::bad_options);
    }
}
