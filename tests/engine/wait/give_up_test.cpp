// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/counting_allocator.hpp"
#include "support/gate.hpp"
#include "support/mailbox.hpp"
#include "support/occupy.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::patience;

namespace {

/// One worker, inside one held task, and a caller with an executor of his own.
struct held_task {
    test::gate gate;
    asio::io_context caller;
    std::vector<std::error_code> heard;
    vmtask::engine engine{{.workers = 1}};
    task<> held = test::occupy_workers(engine, gate, 1).front();

    auto handler(asio::cancellation_signal& signal)
    {
        const auto note = [this](std::error_code error) { heard.push_back(error); };
        return asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(caller, note));
    }

    void run()
    {
        caller.restart();
        caller.run_for(patience);
    }
};

using codes = std::vector<std::error_code>;
const std::error_code given_up = asio::error::operation_aborted;

} // namespace

TEST_CASE("giving up a wait does not stop the task", "[give_up]")
{
    held_task test;
    asio::cancellation_signal signal;
    test.held.async_wait(test.handler(signal));

    signal.emit(asio::cancellation_type::total);
    CHECK(test.heard.empty());
    test.run();
    CHECK(test.heard == codes{given_up});
    CHECK(test.held.state() == task_state::running);
    CHECK_FALSE(test.held.cancel_requested());
    test.gate.open();
    REQUIRE(test.held.wait_for_completion(patience) == wait_status::completed);
    CHECK(test.held.state() == task_state::succeeded);
}

TEST_CASE("every type of cancellation gives up every kind of wait", "[give_up]")
{
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total, asio::cancellation_type::all}) {
        held_task test;
        asio::cancellation_signal first;
        asio::cancellation_signal second;
        test.held.async_wait(test.handler(first));
        test.held.async_wait_for(1h, test.handler(second));
        first.emit(type);
        second.emit(type);
        test.run();
        CHECK(test.heard == codes{given_up, given_up});
    }
}

TEST_CASE("giving up one of many waits leaves the others", "[give_up]")
{
    held_task test;
    std::vector<asio::cancellation_signal> signals(5);
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) {
        const auto note = [&, i](std::error_code error) { order.push_back(error ? -i : i); };
        test.held.async_wait(asio::bind_cancellation_slot(signals[static_cast<std::size_t>(i)].slot(),
                                                          asio::bind_executor(test.caller, note)));
    }
    // The first, the last, and one between.
    for (const std::size_t i : {4U, 0U, 2U}) signals[i].emit(asio::cancellation_type::total);
    test.caller.poll();
    CHECK(order == std::vector<int>{-4, 0, -2});
    test.gate.open();
    test.run();
    CHECK(order == std::vector<int>{-4, 0, -2, 1, 3});
}

TEST_CASE("a signal after the end, or after the time-out, finds nothing", "[give_up]")
{
    held_task test;
    asio::cancellation_signal after_time_out;
    asio::cancellation_signal after_end;
    test.held.async_wait_for(1ms, test.handler(after_time_out));
    test.run();
    after_time_out.emit(asio::cancellation_type::all);
    test.held.async_wait(test.handler(after_end));
    test.gate.open();
    REQUIRE(test.held.wait_for_completion(patience) == wait_status::completed);
    // The handler is on its way, or may be; it is too late either way.
    test.run();
    after_end.emit(asio::cancellation_type::all);
    test.run();

    CHECK(test.heard == codes{errc::timed_out, {}});
}

TEST_CASE("a signal given twice gives up once", "[give_up]")
{
    held_task test;
    asio::cancellation_signal signal;
    test.held.async_wait(test.handler(signal));
    signal.emit(asio::cancellation_type::total);
    signal.emit(asio::cancellation_type::total);
    test.run();
    signal.emit(asio::cancellation_type::total);
    test.run();

    CHECK(test.heard == codes{given_up});
}

TEST_CASE("a signal that is destroyed leaves its wait to complete", "[give_up]")
{
    held_task test;
    auto signal = std::make_unique<asio::cancellation_signal>();
    test.held.async_wait(test.handler(*signal));
    auto other = std::make_unique<asio::cancellation_signal>();
    test.held.async_wait_for(1ms, test.handler(*other));
    signal.reset();
    other.reset();

    test.caller.run_one_for(patience);
    CHECK(test.heard == codes{errc::timed_out});
    test.gate.open();
    test.run();
    CHECK(test.heard == codes{errc::timed_out, {}});
}

TEST_CASE("a slot used again gives up its latest wait, not an earlier one", "[give_up]")
{
    held_task test;
    asio::cancellation_signal signal;
    test.held.async_wait(test.handler(signal));
    test.held.async_wait(test.handler(signal));
    signal.emit(asio::cancellation_type::total);
    test.caller.poll();
    CHECK(test.heard == codes{given_up});
    test.gate.open();
    test.run();
    CHECK(test.heard == codes{given_up, {}});
}

TEST_CASE("a wait may be given up on another thread than it was begun on", "[give_up]")
{
    held_task test;
    asio::cancellation_signal signal;
    test.held.async_wait(test.handler(signal));
    std::thread([&] { signal.emit(asio::cancellation_type::terminal); }).join();
    test.run();

    CHECK(test.heard == codes{given_up});
}

TEST_CASE("a slot without a signal is no slot", "[give_up]")
{
    held_task test;
    test.held.async_wait(asio::bind_cancellation_slot(
        asio::cancellation_slot(),
        asio::bind_executor(test.caller, [&](std::error_code error) { test.heard.push_back(error); })));
    test.gate.open();
    test.run();

    CHECK(test.heard == codes{{}});
}

TEST_CASE("a signal after the engine is gone finds nothing", "[give_up]")
{
    asio::cancellation_signal signal;
    test::mailbox<std::error_code> heard;
    task_handle kept;
    {
        test::gate gate;
        vmtask::engine engine({.workers = 1});
        kept = test::occupy_workers(engine, gate, 1).front();
        kept.async_wait(asio::bind_cancellation_slot(signal.slot(), [&](std::error_code error) { heard.put(error); }));
    }
    signal.emit(asio::cancellation_type::all);

    CHECK(heard.letters() == codes{{}});
}

TEST_CASE("a hundred thousand waits given up leave nothing behind", "[give_up]")
{
    test::allocation_count count;
    held_task test;
    asio::cancellation_signal signal;
    int aborted = 0;
    const auto note = [&](std::error_code error) { aborted += error == given_up ? 1 : 0; };
    class handler {
    public:
        using allocator_type = test::counting_allocator<void>;
        handler(test::allocation_count& counted, decltype(note)& act) : counted_(&counted), act_(&act) {}
        [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*counted_); }
        void operator()(std::error_code error) const { (*act_)(error); }

    private:
        test::allocation_count* counted_;
        decltype(note)* act_;
    };

    for (int i = 0; i < 100'000; ++i) {
        auto bound =
            asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(test.caller, handler(count, note)));
        if (i % 2 == 0) test.held.async_wait(std::move(bound));
        else test.held.async_wait_for(1h, std::move(bound));
        signal.emit(asio::cancellation_type::total);
        if (i % 1000 == 999) test.caller.poll();
        test.caller.restart();
    }
    test.run();

    CHECK(aborted == 100'000);
    CHECK(count.live == 0);
    test.gate.open();
    CHECK(test.held.wait_for_completion(patience) == wait_status::completed);
}
