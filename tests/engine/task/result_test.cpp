// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"
#include "support/thrown.hpp"

#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace vmtask;
using test::code_thrown_by;
using test::patience;

namespace {

template <class Body>
auto ended(engine& engine, Body body)
{
    auto task = engine.post(std::move(body));
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);
    return task;
}

/// Can neither be made from nothing nor be copied.
class ticket {
public:
    explicit ticket(int number) noexcept : number_(std::make_unique<int>(number)) {}
    [[nodiscard]] int number() const noexcept { return *number_; }

private:
    std::unique_ptr<int> number_;
};

} // namespace

TEST_CASE("a result that can only be moved is looked at, then taken once", "[result]")
{
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) { return std::make_unique<int>(7); });
    const auto other_handle = task;

    CHECK(*task.result() == 7);
    CHECK(&task.result() == &other_handle.result());
    const std::unique_ptr<int> taken = task.take_result();
    CHECK(*taken == 7);
    CHECK(code_thrown_by([&] { (void)task.take_result(); }) == errc::result_taken);
    CHECK(code_thrown_by([&] { (void)other_handle.take_result(); }) == errc::result_taken);
    CHECK(code_thrown_by([&] { (void)other_handle.result(); }) == errc::result_taken);
    CHECK(task.state() == task_state::succeeded);
    CHECK(task.error() == std::error_code());
}

TEST_CASE("a result need be neither copyable nor default-constructible", "[result]")
{
    vmtask::engine engine;
    const auto blocking = ended(engine, [](task_context&) { return ticket(3); });
    const auto coroutine = ended(engine, [](task_context&) -> asio::awaitable<ticket> { co_return ticket(4); });

    CHECK(blocking.result().number() == 3);
    CHECK(coroutine.take_result().number() == 4);
}

TEST_CASE("an error code that a body returns is a value, not a failure", "[result]")
{
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) { return std::make_error_code(std::errc::io_error); });

    CHECK(task.state() == task_state::succeeded);
    CHECK(task.result() == std::errc::io_error);
    CHECK(task.error() == std::error_code());
}

TEST_CASE("a task without a value has a result that says so", "[result]")
{
    vmtask::engine engine;
    const task<> task = ended(engine, [](task_context&) {});

    CHECK_NOTHROW(task.result());
    CHECK_NOTHROW(task_handle(task).result());
}

TEST_CASE("a body's system_error keeps its code and its words", "[result]")
{
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) -> int {
        throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "disk.vhd");
    });

    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == std::errc::no_space_on_device);
    CHECK(code_thrown_by([&] { (void)task.result(); }) == std::errc::no_space_on_device);
    CHECK(code_thrown_by([&] { (void)task.take_result(); }) == std::errc::no_space_on_device);
    CHECK_THROWS_WITH(task_handle(task).result(), Catch::Matchers::ContainsSubstring("disk.vhd"));
    CHECK_THROWS_AS(std::rethrow_exception(task.exception()), std::system_error);
}

TEST_CASE("a body's exception keeps its type", "[result]")
{
    vmtask::engine engine;
    const auto derived = ended(engine, [](task_context&) {
        throw std::filesystem::filesystem_error("open", "disk.vhd", std::make_error_code(std::errc::io_error));
    });
    const auto plain = ended(engine, [](task_context&) { throw std::out_of_range("block 9"); });
    const auto strange = ended(engine, [](task_context&) { throw 42; });

    CHECK(derived.error() == std::errc::io_error);
    CHECK_THROWS_AS(derived.result(), std::filesystem::filesystem_error);
    CHECK(plain.error() == errc::task_failed);
    CHECK_THROWS_AS(plain.result(), std::out_of_range);
    CHECK(strange.error() == errc::task_failed);
    CHECK(strange.state() == task_state::failed);
    CHECK_THROWS_AS(strange.result(), int);
}

TEST_CASE("a body out of memory fails with not_enough_memory", "[result]")
{
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) { throw std::bad_alloc(); });

    CHECK(task.state() == task_state::failed);
    CHECK(task.error() == std::errc::not_enough_memory);
    CHECK_THROWS_AS(task.result(), std::bad_alloc);
}

TEST_CASE("a result that throws when it is stored fails its task", "[result]")
{
    struct unstorable {
        unstorable() = default;
        unstorable(const unstorable&) = delete;
        unstorable& operator=(const unstorable&) = delete;
        unstorable(unstorable&&) { throw std::length_error("will not move"); }
    };
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) { return unstorable(); });

    CHECK(task.state() == task_state::failed);
    CHECK_THROWS_AS((void)task.result(), std::length_error);
}

TEST_CASE("before its end a task has no result, and asking does not block", "[result]")
{
    test::gate gate;
    vmtask::engine engine({.workers = 1});
    const auto running = engine.post([&](task_context& self) {
        gate.hold(self);
        return 1;
    });
    const auto queued = engine.post([](task_context&) { return 1; });
    REQUIRE(gate.reached());

    for (const auto& task : {running, queued}) {
        CHECK_FALSE(task.is_complete());
        CHECK(task.error() == errc::not_ended);
        CHECK(task.exception() == nullptr);
        CHECK(code_thrown_by([&] { (void)task.result(); }) == errc::not_ended);
        CHECK(code_thrown_by([&] { (void)task.take_result(); }) == errc::not_ended);
        CHECK(code_thrown_by([&] { task_handle(task).result(); }) == errc::not_ended);
    }
    gate.open();
    REQUIRE(running.wait_for_completion(patience) == wait_status::completed);
    CHECK(running.take_result() == 1);
}

TEST_CASE("a body that throws errc::cancelled unasked has failed", "[result]")
{
    vmtask::engine engine;
    const auto task = ended(engine, [](task_context&) { throw std::system_error(errc::cancelled); });

    CHECK(task.state() == task_state::failed);
    CHECK_FALSE(task.cancel_requested());
}

TEST_CASE("a result lives as long as a handle, also beyond its engine", "[result]")
{
    std::optional<vmtask::engine> engine(std::in_place);
    auto value = std::make_shared<std::string>("kept");
    const std::weak_ptr<std::string> watched = value;
    auto task = engine->post([value](task_context&) { return value; });
    value.reset();
    REQUIRE(task.wait_for_completion(patience) == wait_status::completed);

    engine.reset();
    CHECK(*task.result() == "kept");
    task = {};
    CHECK(watched.expired());
}

TEST_CASE("the engine's own errors have names", "[result]")
{
    CHECK(std::string(engine_category().name()) == "vmtask");
    const std::error_code cancelled = errc::cancelled;
    CHECK(&cancelled.category() == &engine_category());
    CHECK(cancelled != std::make_error_code(std::errc::operation_canceled));

    for (int code = 1; code <= static_cast<int>(errc::result_taken); ++code) {
        const auto text = engine_category().message(code);
        CHECK_FALSE(text.empty());
        for (int other = 1; other < code; ++other) CHECK(text != engine_category().message(other));
    }
    CHECK_FALSE(engine_category().message(9999).empty());
}
