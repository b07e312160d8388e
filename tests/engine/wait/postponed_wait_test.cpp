// SPDX-License-Identifier: BSL-1.0
//
// A wait comes to its end, and there is no memory to post its handler with.
#include "wait/postponed_waits.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>
#include <vmtask/when_any.hpp>

#include "support/catch.hpp"
#include "support/mailbox.hpp"
#include "support/owned_coroutine.hpp"
#include "support/patience.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

constexpr int for_ever = 1'000'000'000;

/// How often memory will be refused, and was.
struct shortage {
    void refuse()
    {
        if (left.fetch_sub(1) <= 0) return left.store(0);
        ++refused;
        throw std::bad_alloc();
    }

    std::atomic<int> left{0};
    std::atomic<int> refused{0};
};

/// Has none to give in a shortage.
template <class T>
class scarce_allocator {
public:
    using value_type = T;

    explicit scarce_allocator(shortage& scarce) noexcept : shortage_(&scarce) {}
    template <class Other>
    explicit(false) scarce_allocator(const scarce_allocator<Other>& other) noexcept : shortage_(other.shortage_)
    {
    }
    [[nodiscard]] T* allocate(std::size_t count)
    {
        shortage_->refuse();
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* memory, std::size_t count) noexcept { std::allocator<T>().deallocate(memory, count); }
    template <class Other>
    [[nodiscard]] bool operator==(const scarce_allocator<Other>& other) const noexcept
    {
        return shortage_ == other.shortage_;
    }

private:
    template <class>
    friend class scarce_allocator;
    shortage* shortage_;
};

/// An executor of an io_context that cannot take anything in a shortage.
class scarce_executor {
public:
    scarce_executor(asio::io_context& context, shortage& scarce) noexcept : context_(&context), shortage_(&scarce) {}

    template <class Function>
    void execute(Function&& function) const
    {
        shortage_->refuse();
        asio::post(*context_, std::forward<Function>(function));
    }
    [[nodiscard]] asio::io_context& query(asio::execution::context_t) const noexcept { return *context_; }
    [[nodiscard]] static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }
    [[nodiscard]] bool operator==(const scarce_executor& other) const noexcept { return context_ == other.context_; }
    [[nodiscard]] bool operator!=(const scarce_executor& other) const noexcept { return !(*this == other); }

private:
    asio::io_context* context_;
    shortage* shortage_;
};

/// A handler that says what it was told, and whose memory may be scarce.
class scarce_handler {
public:
    using allocator_type = scarce_allocator<void>;

    scarce_handler(test::mailbox<std::error_code>& heard, shortage& scarce) : heard_(&heard), shortage_(&scarce) {}
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*shortage_); }
    void operator()(std::error_code error, auto&&...) const { heard_->put(error); }
    [[nodiscard]] const std::shared_ptr<int>& held() const noexcept { return held_; }

private:
    test::mailbox<std::error_code>* heard_;
    shortage* shortage_;
    std::shared_ptr<int> held_ = std::make_shared<int>(0);
};

struct scarce_context {
    [[nodiscard]] auto handler() { return asio::bind_executor(*context, scarce_handler(heard, scarce)); }
    [[nodiscard]] scarce_executor executor() { return {*context, scarce}; }
    void run_until_heard(std::size_t count)
    {
        REQUIRE(eventually([&] {
            context->restart();
            context->poll();
            return heard.letters().size() >= count;
        }));
    }

    shortage scarce;
    test::mailbox<std::error_code> heard;
    engine where{{.workers = 1, .events = {.kept = 16}}};
    task_source<> source{where};
    std::optional<asio::io_context> context{std::in_place};
};

asio::awaitable<void> await_end(task<> awaited, test::mailbox<std::error_code>& heard)
{
    co_await awaited.async_wait(asio::use_awaitable);
    heard.put({});
}

template <class Executor>
test::owned_coroutine resume_there(task<> awaited, Executor executor, test::mailbox<std::error_code>& heard)
{
    co_await awaited.resume_on(executor);
    heard.put({});
}

} // namespace

TEST_CASE("a handler that cannot be posted for want of memory is called once there is some", "[postponed]")
{
    scarce_context here;
    asio::cancellation_signal give_up;
    const task<> task = here.source.handle();
    const int refusals = GENERATE(1, 3);

    SECTION("when the task ends")
    {
        task.async_wait(here.handler());
        here.scarce.left = refusals;
        REQUIRE(here.source.set_value());
    }
    SECTION("when the wait times out")
    {
        task.async_wait_for(10ms, here.handler());
        here.scarce.left = refusals;
    }
    SECTION("when the wait is given up")
    {
        task.async_wait(asio::bind_cancellation_slot(give_up.slot(), here.handler()));
        here.scarce.left = refusals;
        give_up.emit(asio::cancellation_type::total);
    }
    SECTION("when it waits for several tasks")
    {
        const task_source<> other(here.where);
        when_any(other.handle(), task).async_wait(here.handler());
        here.scarce.left = refusals;
        REQUIRE(here.source.set_value());
        here.run_until_heard(1);
    }
    here.run_until_heard(1);
    CHECK(here.scarce.refused == refusals);
    here.context->restart();
    here.context->poll();
    CHECK(here.heard.letters().size() == 1);
}

TEST_CASE("a read of events that cannot be told for want of memory is told once there is some", "[postponed][event]")
{
    scarce_context here;
    auto events = here.where.subscribe();
    events.async_next(asio::bind_executor(*here.context, [](auto&&...) {})); // the snapshot
    here.context->run_for(patience);
    events.async_next(here.handler());
    here.scarce.left = 2;
    REQUIRE(here.source.set_value());
    here.run_until_heard(1);
    CHECK(here.scarce.refused == 2);
    CHECK(here.heard.letters() == std::vector{std::error_code()});
}

TEST_CASE("a coroutine that cannot be resumed for want of memory is resumed once there is some",
          "[postponed][coroutine]")
{
    scarce_context here;
    asio::co_spawn(asio::any_io_executor(here.executor()), await_end(here.source.handle(), here.heard), asio::detached);
    here.context->poll();
    const auto other = resume_there(here.source.handle(), here.executor(), here.heard);
    here.scarce.left = 5;
    REQUIRE(here.source.set_value());
    here.run_until_heard(2);
    CHECK(here.scarce.refused == 5);
    CHECK(here.heard.letters().size() == 2);
}

TEST_CASE("a handler on one of several event loop threads waits for memory, too", "[postponed]")
{
    shortage scarce;
    test::mailbox<std::error_code> heard;
    engine engine({.workers = 1, .event_loop_threads = 2});
    task_source<> source(engine);
    source.handle().async_wait(scarce_handler(heard, scarce));
    scarce.left = 2;
    REQUIRE(source.set_value());
    REQUIRE(heard.holds(1));
    CHECK(scarce.refused == 2);
}

TEST_CASE("an engine does not go before the handlers that lack memory are posted", "[postponed][gone]")
{
    shortage scarce;
    test::mailbox<std::error_code> heard;
    asio::io_context context;
    std::optional<engine> engine(std::in_place, engine_options{.workers = 1});
    std::optional<task_source<>> source(std::in_place, *engine);
    const task<> task = source->handle();
    const bool is_postponed_before = GENERATE(true, false);
    task.async_wait(asio::bind_executor(context, scarce_handler(heard, scarce)));
    scarce.left = for_ever;
    if (is_postponed_before) source.reset();
    std::thread going([&] { engine.reset(); });
    const bool tried_on = eventually([&] { return scarce.refused > 10; });
    scarce.left = 0;
    going.join();

    CHECK(tried_on);
    CHECK(task.is_complete());
    context.run_for(patience);
    CHECK(heard.letters() == std::vector{std::error_code()});
}

TEST_CASE("a context that goes takes along the handlers that lacked memory", "[postponed][context]")
{
    scarce_context here;
    std::weak_ptr<int> held;
    {
        scarce_handler handler(here.heard, here.scarce);
        held = handler.held();
        here.source.handle().async_wait(asio::bind_executor(*here.context, std::move(handler)));
    }
    here.scarce.left = for_ever;
    REQUIRE(here.source.set_value());
    REQUIRE(eventually([&] { return here.scarce.refused > 1; }));
    CHECK_FALSE(held.expired());
    here.context.reset();
    CHECK(held.expired());
    here.scarce.left = 0;
    CHECK(here.where.post([](task_context&) {}).wait_for_completion(patience) == wait_status::completed);
    CHECK(here.heard.letters().empty());
}

TEST_CASE("a coroutine that is destroyed while it lacks memory to go on is not resumed", "[postponed][foreign]")
{
    scarce_context here;
    {
        const auto suspended = resume_there(here.source.handle(), here.executor(), here.heard);
        here.scarce.left = for_ever;
        REQUIRE(here.source.set_value());
        REQUIRE(eventually([&] { return here.scarce.refused > 1; }));
    }
    here.scarce.left = 0;
    // Once the resumption has been posted and run, nothing is left to do in the context.
    here.context->run_for(patience);
    CHECK(here.context->stopped());
    CHECK(here.heard.letters().empty());
}

TEST_CASE("a handler that a strand has in its queue already is not posted a second time", "[postponed]")
{
    scarce_context here;
    const auto held = std::make_shared<int>(0);
    here.source.handle().async_wait(
        asio::bind_executor(asio::any_io_executor(asio::make_strand(here.executor())),
                            [held, &here](std::error_code error) { here.heard.put(error); }));
    here.scarce.left = 1;
    REQUIRE(here.source.set_value());
    CHECK(here.scarce.refused == 1);
    CHECK(here.where.post([](task_context&) {}).wait_for_completion() == wait_status::completed);
    CHECK(held.use_count() == 2); // Asio never looks into that queue again
    here.context.reset();
    CHECK(held.use_count() == 1);
    CHECK(here.heard.letters().empty());
}
