// SPDX-License-Identifier: BSL-1.0

// What a poster tags a task with is found wherever tasks are told of.

#include <vmtask/engine.hpp>
#include <vmtask/task_event.hpp>
#include <vmtask/task_observer.hpp>
#include <vmtask/task_outcome.hpp>

#include "support/catch.hpp"
#include "support/mailbox.hpp"
#include "support/patience.hpp"

#include <asio/use_future.hpp>

#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

class tag_observer final : public task_observer {
public:
    void posted(const observed_task& task) noexcept override { seen_.put(std::string(task.tag)); }
    [[nodiscard]] test::mailbox<std::string>& seen() { return seen_; }

private:
    test::mailbox<std::string> seen_;
};

} // namespace

TEST_CASE("a tag is in the outcome, the summary, the filter and what observers are told", "[tag]")
{
    const auto observer = std::make_shared<tag_observer>();
    engine engine({.workers = 1, .events = {.kept = 100}, .observers = {observer}});
    const auto tagged = engine.post([](task_context&) {}, {.tag = "request 7"});
    const auto other = engine.post([](task_context&) {});
    REQUIRE(tagged.wait_for_completion(patience) == wait_status::completed);
    REQUIRE(other.wait_for_completion(patience) == wait_status::completed);

    CHECK(tagged.outcome().tag == "request 7");
    CHECK(other.outcome().tag.empty());
    CHECK(engine.tasks({.tag = "request 7"}) == std::vector<task_handle>{tagged});
    CHECK(engine.tasks({.tag = "request 8"}).empty());
    CHECK(observer->seen().holds(2));
    auto events = engine.subscribe();
    std::future<event_batch> read = events.async_next(asio::use_future);
    REQUIRE(read.wait_for(patience) == std::future_status::ready);
    const event_batch batch = read.get();
    REQUIRE(batch.snapshot);
    REQUIRE(batch.snapshot->size() == 2);
    CHECK(batch.snapshot->front().tag == "request 7");
    CHECK(batch.snapshot->back().tag.empty());
}
