// SPDX-License-Identifier: BSL-1.0
//
// Handles as values: kept in containers, and cast to the type of their result.
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

static_assert(std::three_way_comparable<task_handle, std::strong_ordering>);
static_assert(std::three_way_comparable<task<int>, std::strong_ordering>);

std::vector<task_handle> post_some(engine& engine)
{
    std::vector<task_handle> posted;
    for (int i = 0; i < 100; ++i) posted.push_back(engine.post([](task_context&) {}));
    return posted;
}

template <class T>
task<T> cast_of_found(const engine& engine, const task_handle& posted)
{
    return task_cast<T>(engine.find(posted.id()));
}

} // namespace

TEST_CASE("handles of one engine are in the order of their ids, after empty ones", "[handle]")
{
    vmtask::engine engine({.workers = 1});
    const std::vector<task_handle> posted = post_some(engine);
    std::vector<task_handle> sorted(posted.rbegin(), posted.rend());
    sorted.emplace_back();
    std::sort(sorted.begin(), sorted.end());

    CHECK_FALSE(static_cast<bool>(sorted.front()));
    sorted.erase(sorted.begin());
    CHECK(sorted == posted);
}

TEST_CASE("handles are ordered as they are equal, also those of several engines", "[handle]")
{
    vmtask::engine one({.workers = 1});
    vmtask::engine other({.workers = 1});
    std::vector<task_handle> all = post_some(one);
    for (const auto& task : post_some(other)) all.push_back(task);
    all.emplace_back();

    for (const auto& left : all) {
        for (const auto& right : all) {
            CHECK((left == right) == (left <=> right == 0));
            CHECK((left < right) == (right > left));
        }
    }
    // Those of one engine come together.
    std::sort(all.begin(), all.end());
    const auto ids_fall = [](const task_handle& left, const task_handle& right) { return left.id() > right.id(); };
    CHECK(std::adjacent_find(all.begin() + 1, all.end(), ids_fall) == all.begin() + 100);
}

TEST_CASE("a container has each task once, whatever the type of its handle", "[handle]")
{
    vmtask::engine engine({.workers = 1});
    const task<int> typed = engine.post([](task_context&) { return 7; });
    const task_handle plain = typed;

    CHECK(std::set<task_handle>{typed, plain, {}, task_handle()}.size() == 2);
    CHECK(std::unordered_set<task_handle>{typed, plain, {}, task_handle()}.size() == 2);
    CHECK(std::hash<task<int>>()(typed) == std::hash<task_handle>()(plain));

    std::map<task<int>, std::string> ordered{{typed, "seven"}};
    std::unordered_map<task<int>, std::string> hashed{{typed, "seven"}};
    CHECK(ordered.contains(engine.post([](task_context&) { return 8; })) == false);
    CHECK(ordered[typed] == "seven");
    CHECK(hashed[typed] == "seven");
}

TEST_CASE("hashes of many tasks differ", "[handle]")
{
    vmtask::engine engine({.workers = 1});
    std::set<std::size_t> hashes;
    for (const auto& task : post_some(engine)) hashes.insert(std::hash<task_handle>()(task));
    CHECK(hashes.size() == 100);
}

TEST_CASE("a handle without a type is cast to that of the task's result", "[handle][result]")
{
    vmtask::engine engine({.workers = 1});
    const task<std::string> posted = engine.post([](task_context&) { return std::string("disk"); });
    const task<std::string> found = cast_of_found<std::string>(engine, posted);

    REQUIRE(found == posted);
    REQUIRE(found.wait_for_completion(patience) == wait_status::completed);
    CHECK(found.result() == "disk");
}

TEST_CASE("a handle is not cast to another type of result, nor an empty one to any", "[handle][result]")
{
    vmtask::engine engine({.workers = 1});
    const task_handle number = engine.post([](task_context&) { return 7; });
    const task_handle nothing = engine.post([](task_context&) {});
    const task_handle pointer =
        engine.post([](task_context&) -> asio::awaitable<std::unique_ptr<int>> { co_return nullptr; });

    CHECK(cast_of_found<int>(engine, number) == number);
    CHECK(cast_of_found<void>(engine, nothing) == nothing);
    CHECK(cast_of_found<std::unique_ptr<int>>(engine, pointer) == pointer);
    CHECK_FALSE(static_cast<bool>(cast_of_found<void>(engine, number)));
    CHECK_FALSE(static_cast<bool>(cast_of_found<long>(engine, number)));
    CHECK_FALSE(static_cast<bool>(cast_of_found<int>(engine, nothing)));
    CHECK_FALSE(static_cast<bool>(cast_of_found<int>(engine, pointer)));
    CHECK_FALSE(static_cast<bool>(task_cast<int>(task_handle())));
    CHECK_FALSE(static_cast<bool>(task_cast<void>(task_handle())));
}

TEST_CASE("a typed handle that was cast outlives the engine", "[handle][result]")
{
    task<int> found;
    {
        vmtask::engine engine({.workers = 1});
        const task<int> posted = engine.post([](task_context&) { return 7; });
        REQUIRE(posted.wait_for_completion(patience) == wait_status::completed);
        found = cast_of_found<int>(engine, posted);
    }
    CHECK(found.result() == 7);
}
