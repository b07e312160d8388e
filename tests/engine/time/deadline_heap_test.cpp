// SPDX-License-Identifier: BSL-1.0
#include "time/deadline_heap.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>
#include <set>
#include <vector>

using namespace vmtask::detail;
using namespace std::chrono_literals;

namespace {

class entry final : public deadline_entry {
public:
    explicit entry(steady_time deadline) noexcept : deadline_entry(deadline) {}

private:
    bool claim_expiry() noexcept override { return true; }
    void expire() noexcept override {}
};

steady_time at(int tick)
{
    return steady_time(std::chrono::milliseconds(tick));
}

/// Takes everything out, the earliest first.
std::vector<steady_time> emptied(deadline_heap& queue)
{
    std::vector<steady_time> order;
    while (deadline_entry* const earliest = queue.earliest()) {
        order.push_back(earliest->deadline());
        if (!queue.remove(*earliest)) break;
    }
    return order;
}

} // namespace

TEST_CASE("an empty queue has no earliest entry", "[deadline_heap]")
{
    deadline_heap queue;
    entry alone(at(5));
    CHECK(queue.earliest() == nullptr);
    CHECK_FALSE(queue.remove(alone));
    queue.add(alone);
    CHECK(queue.earliest() == &alone);
    CHECK(queue.remove(alone));
    CHECK_FALSE(queue.remove(alone));
    CHECK(queue.earliest() == nullptr);
    queue.add(alone);
    CHECK(queue.earliest() == &alone);
}

TEST_CASE("entries come out by deadline, whatever the order they went in", "[deadline_heap]")
{
    std::mt19937 random(42);
    for (int round = 0; round < 50; ++round) {
        deadline_heap queue;
        std::deque<entry> entries;
        for (int i = 0; i < 100; ++i) entries.emplace_back(at(static_cast<int>(random() % 50)));
        for (auto& added : entries) queue.add(added);
        const auto order = emptied(queue);
        CHECK(order.size() == 100);
        CHECK(std::is_sorted(order.begin(), order.end()));
    }
}

TEST_CASE("any mixture of adding and removing keeps the earliest at hand", "[deadline_heap]")
{
    std::mt19937 random(4711);
    deadline_heap queue;
    std::deque<entry> entries;
    for (int i = 0; i < 200; ++i) entries.emplace_back(at(static_cast<int>(random() % 1000)));
    std::set<std::pair<steady_time, entry*>> model;

    for (int step = 0; step < 20'000; ++step) {
        entry& chosen = entries[random() % entries.size()];
        const std::pair key(chosen.deadline(), &chosen);
        if (model.contains(key)) {
            REQUIRE(queue.remove(chosen));
            model.erase(key);
        } else {
            REQUIRE_FALSE(queue.remove(chosen));
            queue.add(chosen);
            model.insert(key);
        }
        REQUIRE((queue.earliest() == nullptr) == model.empty());
        if (!model.empty()) REQUIRE(queue.earliest()->deadline() == model.begin()->first);
    }
    CHECK(emptied(queue).size() == model.size());
}

TEST_CASE("ten thousand equal deadlines are no burden", "[deadline_heap]")
{
    deadline_heap queue;
    std::deque<entry> entries;
    for (int i = 0; i < 10'000; ++i) queue.add(entries.emplace_back(at(7)));
    for (std::size_t i = 0; i < entries.size(); i += 2) REQUIRE(queue.remove(entries[i]));
    CHECK(emptied(queue).size() == 5000);
}
