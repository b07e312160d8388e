// SPDX-License-Identifier: BSL-1.0
//
// Everything at once, for about a second under ThreadSanitizer: what is to hold
// for each single task and wait is counted, and the sums have to agree.

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// What went in and what came out.
struct tally {
    std::atomic<int> bodies_alive{0};
    std::atomic<int> bodies_run{0};
    std::atomic<int> waits_begun{0};
    std::atomic<int> waits_told{0};
    std::atomic<int> wrong{0};
};

/// A part of a body that counts itself, moved or copied as it may be.
class counted {
public:
    explicit counted(tally& counts) noexcept : counts_(&counts) { ++counts_->bodies_alive; }
    counted(const counted& other) noexcept : counts_(other.counts_) { ++counts_->bodies_alive; }
    counted& operator=(const counted&) = delete;
    ~counted() { --counts_->bodies_alive; }
    void run() const noexcept { ++counts_->bodies_run; }

private:
    tally* counts_;
};

/// One that posts, waits in every way, cancels, looks and forgets, at random
/// but from a fixed seed.
class customer {
public:
    customer(engine& engine, tally& counts, unsigned seed) : engine_(engine), counts_(counts), random_(seed) {}

    void run(int steps)
    {
        for (int i = 0; i < steps; ++i) {
            if (tasks_.size() < 4) post();
            act(tasks_[random_() % tasks_.size()]);
            if (tasks_.size() > 8) tasks_.pop_front();
            caller_.poll();
            caller_.restart();
        }
        for (const auto& task : tasks_) check_end(task);
        caller_.run_for(patience);
    }

    [[nodiscard]] const std::vector<task_handle>& posted() const noexcept { return posted_; }

private:
    void post()
    {
        tasks_.push_back(random_() % 3 == 0 ? post_coroutine() : post_blocking());
        posted_.push_back(tasks_.back());
    }

    task_handle post_blocking()
    {
        return engine_.post([part = counted(counts_), rounds = random_() % 8](task_context& self) {
            part.run();
            for (unsigned i = 0; i < rounds; ++i) {
                self.checkpoint();
                self.report_progress(i, rounds);
                std::this_thread::yield();
            }
            if (rounds % 2 == 0) self.point_of_no_return();
        });
    }

    task_handle post_coroutine()
    {
        return engine_.post(
            [part = counted(counts_), rounds = random_() % 4](task_context& self) -> asio::awaitable<int> {
                part.run();
                const auto executor = co_await asio::this_coro::executor;
                for (unsigned i = 0; i < rounds; ++i) {
                    co_await asio::post(executor, asio::use_awaitable);
                    self.checkpoint();
                }
                co_return 1;
            });
    }

    void act(const task_handle& task)
    {
        switch (random_() % 8) {
        case 0: wait_async(task); break;
        case 1: wait_async_for(task); break;
        case 2: wait_and_give_up(task); break;
        case 3: note(task.request_cancel()); break;
        case 4: expect(task.wait_for_completion(patience) == wait_status::completed && task.is_complete()); break;
        case 5: expect(task.wait_for_completion(50us) != wait_status::would_deadlock); break;
        case 6: look(task); break;
        default: post(); break;
        }
    }

    void wait_async(const task_handle& task)
    {
        ++counts_.waits_begun;
        task.async_wait([&counts = counts_, task](std::error_code error) {
            if (error || !task.is_complete()) ++counts.wrong;
            ++counts.waits_told;
        });
    }

    void wait_async_for(const task_handle& task)
    {
        ++counts_.waits_begun;
        const auto told = [this, task](std::error_code error) {
            expect(error ? error == errc::timed_out : task.is_complete());
            ++counts_.waits_told;
        };
        task.async_wait_for(std::chrono::microseconds(random_() % 200), asio::bind_executor(caller_, told));
    }

    void wait_and_give_up(const task_handle& task)
    {
        ++counts_.waits_begun;
        const auto told = [this, task](std::error_code error) {
            expect(error ? error == asio::error::operation_aborted : task.is_complete());
            ++counts_.waits_told;
        };
        task.async_wait(asio::bind_cancellation_slot(give_up_.slot(), asio::bind_executor(caller_, told)));
        if (random_() % 4 != 0) give_up_.emit(asio::cancellation_type::total);
    }

    void look(const task_handle& task)
    {
        const int before = task.percent_completed();
        expect(task.percent_completed() >= before);
        expect(engine_.find(task.id()) == task || task.is_complete());
        expect(engine_.tasks().size() < 100'000);
    }

    /// A cancel is refused only when it comes too late.
    void note(std::error_code answer)
    {
        expect(!answer || answer == errc::already_ended || answer == errc::not_cancelable);
    }

    void check_end(const task_handle& task)
    {
        expect(task.wait_for_completion(patience) == wait_status::completed);
        const auto state = task.state();
        expect(is_terminal(state));
        expect((task.percent_completed() == 100) == (state == task_state::succeeded));
        expect((task.error() == errc::cancelled) == (state == task_state::cancelled));
        expect(state != task_state::cancelled || task.cancel_requested());
        expect(state != task_state::failed);
    }

    void expect(bool holds)
    {
        if (!holds) ++counts_.wrong;
    }

    engine& engine_;
    tally& counts_;
    std::mt19937 random_;
    asio::io_context caller_;
    asio::cancellation_signal give_up_;
    std::deque<task_handle> tasks_;
    std::vector<task_handle> posted_;
};

void run_customers(engine_options options, int steps)
{
    tally counts;
    std::vector<task_handle> posted;
    {
        vmtask::engine engine(std::move(options));
        std::deque<customer> customers;
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < 3; ++i) {
            auto& added = customers.emplace_back(engine, counts, 1000 + i);
            threads.emplace_back([&added, steps] { added.run(steps); });
        }
        for (auto& thread : threads) thread.join();
        for (const auto& customer : customers)
            posted.insert(posted.end(), customer.posted().begin(), customer.posted().end());
        CHECK(engine.shutdown(shutdown_mode::drain, patience).complete());
    }
    int cancelled = 0;
    for (const auto& task : posted) {
        REQUIRE(task.is_complete());
        if (task.state() == task_state::cancelled) ++cancelled;
    }
    const int all = static_cast<int>(posted.size());
    CHECK(counts.wrong == 0);
    CHECK(counts.bodies_alive == 0);
    CHECK(counts.bodies_run >= all - cancelled);
    CHECK(counts.bodies_run <= all);
    CHECK(counts.waits_told == counts.waits_begun);
}

} // namespace

TEST_CASE("many customers of one worker agree with the books", "[stress]")
{
    run_customers({.workers = 1, .retain = {.count = 4}}, 1500);
}

TEST_CASE("many customers of many threads agree with the books", "[stress]")
{
    run_customers({.workers = 3, .event_loop_threads = 2}, 1500);
}

TEST_CASE("an engine that ends amid its work tells everybody and leaves nothing", "[stress]")
{
    for (int round = 0; round < 40; ++round) {
        tally counts;
        std::vector<task_handle> tasks;
        {
            vmtask::engine engine({.workers = 2, .event_loop_threads = 2});
            for (int i = 0; i < 20; ++i) {
                tasks.push_back(engine.post([part = counted(counts)](task_context& self) {
                    for (;; std::this_thread::yield()) self.checkpoint();
                }));
                tasks.push_back(engine.post([part = counted(counts)](task_context&) -> asio::awaitable<void> {
                    const auto executor = co_await asio::this_coro::executor;
                    for (;;) co_await asio::post(executor, asio::use_awaitable);
                }));
            }
            for (const auto& task : tasks) {
                ++counts.waits_begun;
                task.async_wait_for(1h, [&counts](std::error_code error) {
                    if (error) ++counts.wrong;
                    ++counts.waits_told;
                });
            }
        }
        for (const auto& task : tasks) REQUIRE(task.state() == task_state::cancelled);
        REQUIRE(counts.wrong == 0);
        REQUIRE(counts.waits_told == counts.waits_begun);
        REQUIRE(counts.bodies_alive == 0);
    }
}
