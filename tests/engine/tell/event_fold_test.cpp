// SPDX-License-Identifier: BSL-1.0
#include "record/lifecycle.hpp"
#include "support/catch.hpp"

#include <vmtask/engine.hpp>

#include <asio/awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;

namespace {

/// A reader that believes only what it is told, and checks that each event fits
/// what came before. Says what is wrong in words, as only the test's thread may
/// assert.
class folding_reader {
public:
    explicit folding_reader(engine& read) : events_(read.subscribe()) {}

    /// Reads until the engine has ended.
    void read_all()
    {
        for (;;) {
            try {
                fold(events_.async_next(asio::use_future).get());
            } catch (const std::system_error& end) {
                if (end.code() != errc::shutting_down) complaint_ = end.what();
                return;
            }
        }
    }

    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }
    [[nodiscard]] const std::map<std::uint64_t, task_state>& tasks() const noexcept { return tasks_; }
    [[nodiscard]] std::size_t events() const noexcept { return count_; }
    [[nodiscard]] std::size_t losses() const noexcept { return losses_; }

private:
    void fold(const event_batch& batch)
    {
        if (batch.snapshot) {
            tasks_.clear();
            for (const task_summary& each : *batch.snapshot) tasks_[each.id] = each.state;
            version_ = batch.version;
        }
        if (batch.lost) ++losses_;
        for (const task_event& each : batch.events) fold(each);
        if (batch.version != version_) complain("a batch ends with another version");
        if (!batch.snapshot && batch.events.empty()) complain("a batch has nothing in it");
    }

    void fold(const task_event& event)
    {
        ++count_;
        if (event.version != ++version_) complain("a version is missing before " + std::to_string(event.version));
        const auto known = tasks_.find(event.task.id);
        if (event.kind == task_event_kind::posted) {
            if (known != tasks_.end()) complain("a task was posted twice");
        } else if (known == tasks_.end()) {
            complain(std::string(to_string(event.kind)) + " of a task that was never posted");
        } else if (event.task.state != known->second && !detail::can_follow(known->second, event.task.state)) {
            complain(std::string(to_string(known->second)) + " became " + std::string(to_string(event.task.state)));
        }
        if (event.kind == task_event_kind::removed) tasks_.erase(event.task.id);
        else tasks_[event.task.id] = event.task.state;
    }

    void complain(const std::string& what)
    {
        if (complaint_.empty()) complaint_ = what;
    }

    event_subscription events_;
    std::map<std::uint64_t, task_state> tasks_;
    std::uint64_t version_ = 0;
    std::size_t count_ = 0;
    std::size_t losses_ = 0;
    std::string complaint_;
};

/// Posts tasks of several kinds, and disturbs them.
void keep_busy(engine& engine, unsigned seed)
{
    const std::string disk = std::to_string(seed % 2);
    std::vector<task_handle> posted;
    for (unsigned i = 0; i < 300; ++i) {
        const unsigned choice = (i * 7 + seed) % 5;
        if (choice == 0) posted.push_back(engine.post([](task_context& self) { self.checkpoint(); }));
        if (choice == 1) posted.push_back(engine.post([](task_context&) -> asio::awaitable<void> { co_return; }));
        if (choice == 2)
            posted.push_back(engine.post([](task_context& self) { self.checkpoint(); }, {.claims = {exclusive(disk)}}));
        if (choice == 3)
            posted.push_back(
                engine.post([](task_context&) { throw std::system_error(make_error_code(std::errc::io_error)); },
                            {.retry = retry_policy{.attempts = 2, .first_delay = 0s}}));
        if (choice == 4) {
            (void)posted.back().pause();
            (void)posted[posted.size() / 2].request_cancel();
            (void)posted.back().resume();
        }
    }
    for (const task_handle& each : posted)
        if (each.wait_for_completion() != wait_status::completed) throw std::logic_error("the wait was refused");
}

} // namespace

TEST_CASE("whoever folds the events knows what the engine knows", "[events]")
{
    const std::size_t kept = GENERATE(std::size_t{100'000}, std::size_t{16});
    std::map<std::uint64_t, task_state> listed;
    std::vector<std::thread> readers;
    std::vector<std::unique_ptr<folding_reader>> folded;
    {
        engine engine({.workers = 2, .retain = {.count = 50}, .events = {.kept = kept, .progress_interval = 1ms}});
        const auto add_reader = [&] {
            folding_reader& added = *folded.emplace_back(std::make_unique<folding_reader>(engine));
            readers.emplace_back([&added] { added.read_all(); });
        };
        add_reader();
        std::vector<std::thread> posters;
        for (unsigned seed = 0; seed < 3; ++seed) posters.emplace_back([&engine, seed] { keep_busy(engine, seed); });
        add_reader();
        for (std::thread& each : posters) each.join();
        add_reader();
        REQUIRE(engine.shutdown(shutdown_mode::drain).unfinished.empty());
        for (const task_handle& each : engine.tasks()) listed[each.id()] = each.state();
    }
    for (std::thread& each : readers) each.join();
    for (const auto& each : folded) {
        CHECK(each->complaint() == "");
        if (kept > 1000) {
            CHECK(each->losses() == 0);
            CHECK(each->tasks() == listed);
        }
    }
    if (kept > 1000) CHECK(folded.front()->events() > 2000);
}
