// SPDX-License-Identifier: BSL-1.0
//
// What every verb of a handle answers in every situation that a task can be in.

#include <vmtask/engine.hpp>
#include <vmtask/task_source.hpp>

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/occupy.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace vmtask;
using namespace std::chrono_literals;
using test::eventually;
using test::patience;

namespace {

/// A task in some situation, and all that keeps it there.
struct specimen {
    ~specimen() { gate.open(); } // one is past its point of no return

    test::gate gate;
    std::unique_ptr<vmtask::engine> engine =
        std::make_unique<vmtask::engine>(engine_options{.workers = 2, .lanes = {{"lane", 1}}});
    std::optional<task_source<int>> source;
    task_handle other;
    task<int> subject;

    void hold_other(task_options options = {})
    {
        other = engine->post([this](task_context& self) { gate.hold(self); }, std::move(options));
        if (!gate.reached()) throw std::runtime_error("the other did not begin");
    }
    void post(task_options options = {})
    {
        subject = engine->post([](task_context&) { return 7; }, std::move(options));
    }
    void post_failing(task_options options = {})
    {
        subject = engine->post(
            [](task_context&) -> int { throw std::system_error(std::make_error_code(std::errc::io_error)); },
            std::move(options));
    }
    void run(bool past_no_return = false)
    {
        subject = engine->post([this, past_no_return](task_context& self) {
            if (past_no_return) self.point_of_no_return();
            gate.hold(self);
            return 7;
        });
        if (!gate.reached()) throw std::runtime_error("the subject did not begin");
    }
    void await(bool holds) const
    {
        if (!holds) throw std::runtime_error("the subject is not in its situation");
    }
    void await_end() const { await(subject.wait_for_completion(patience) == wait_status::completed); }
};

// --- The situations ---

void make_queued(specimen& it)
{
    it.engine = std::make_unique<vmtask::engine>(engine_options{.workers = 1});
    it.hold_other();
    it.post();
}
void make_held(specimen& it)
{
    make_queued(it);
    it.await(!it.subject.pause());
}
void make_claiming(specimen& it)
{
    it.hold_other({.claims = {exclusive("disk")}});
    it.post({.claims = {exclusive("disk")}});
}
void make_following(specimen& it)
{
    it.hold_other();
    it.post({.after = {it.other}});
}
void make_in_lane(specimen& it)
{
    it.hold_other({.lane = "lane"});
    it.post({.lane = "lane"});
}
void make_delayed(specimen& it)
{
    it.post_failing({.retry = retry_policy{.first_delay = 1h, .longest_delay = 1h}});
    it.await(eventually([&] { return it.subject.obstacle().kind == obstacle_kind::delay; }));
}
void make_running(specimen& it)
{
    it.run();
}
void make_unstoppable(specimen& it)
{
    it.run(/*past_no_return=*/true);
}
void make_paused(specimen& it)
{
    it.run();
    it.await(!it.subject.pause());
    it.await(eventually([&] { return it.subject.state() == task_state::paused; }));
}
void make_elsewhere(specimen& it)
{
    it.source.emplace(*it.engine);
    it.subject = it.source->handle();
}
void make_succeeded(specimen& it)
{
    it.post();
    it.await_end();
}
void make_failed(specimen& it)
{
    it.post_failing();
    it.await_end();
}
void make_cancelled(specimen& it)
{
    make_queued(it);
    it.await(!it.subject.request_cancel());
}
void make_shut_down(specimen& it)
{
    make_succeeded(it);
    it.await(it.engine->shutdown(shutdown_mode::drain, patience).complete());
}
void make_orphan(specimen& it)
{
    make_succeeded(it);
    it.engine.reset();
}
void make_empty(specimen&) {}

// --- The verbs ---

std::string name_of(std::error_code code)
{
    constexpr std::array names{"ok",
                               "cancelled",
                               "timed_out",
                               "would_deadlock",
                               "queue_full",
                               "shutting_down",
                               "not_cancelable",
                               "already_ended",
                               "not_ended",
                               "no_task",
                               "no_body",
                               "task_failed",
                               "abandoned",
                               "result_taken",
                               "resource_busy",
                               "unknown_lane",
                               "cycle",
                               "predecessor_failed",
                               "already_begun",
                               "not_paused",
                               "other_engine",
                               "bad_options"};
    if (!code) return "ok";
    if (code.category() != engine_category()) return code.message();
    return names.at(static_cast<std::size_t>(code.value()));
}

/// What the call returns, or the code that it throws.
template <class Call>
std::string answer_of(Call call)
{
    try {
        return call();
    } catch (const std::system_error& thrown) {
        return name_of(thrown.code());
    }
}

std::string yes_or_no(bool is_true)
{
    return is_true ? "yes" : "no";
}

/// How a wait that only looks comes out.
std::string look_asynchronously(const task_handle& task)
{
    asio::io_context caller;
    std::string heard = "nothing";
    task.async_wait_for(0s, asio::bind_executor(caller, [&](std::error_code code) { heard = name_of(code); }));
    caller.run_for(patience);
    return heard;
}

/// How a task is received that is related to this one.
std::string post_related(const specimen& it, task_options options)
{
    if (!it.engine) return "-";
    (void)it.engine->post([](task_context&) {}, std::move(options));
    return "ok";
}

struct verb {
    const char* name;
    std::string (*ask)(const specimen&);
    bool changes_something; // and so needs a specimen of its own
};

constexpr std::size_t verb_count = 16;

const std::array<verb, verb_count> verbs{{
    {"state", [](const specimen& it) { return std::string(to_string(it.subject.state())); }, false},
    {"complete", [](const specimen& it) { return yes_or_no(it.subject.is_complete()); }, false},
    {"cancelable", [](const specimen& it) { return yes_or_no(it.subject.is_cancelable()); }, false},
    {"percent", [](const specimen& it) { return std::to_string(it.subject.percent_completed()); }, false},
    {"error", [](const specimen& it) { return name_of(it.subject.error()); }, false},
    {"outcome", [](const specimen& it) { return name_of(it.subject.outcome().code); }, false},
    {"result", [](const specimen& it) { return std::to_string(it.subject.result()); }, false},
    {"obstacle", [](const specimen& it) { return std::string(to_string(it.subject.obstacle().kind)); }, false},
    {"wait", [](const specimen& it) { return std::string(to_string(it.subject.wait_for_completion(0s))); }, false},
    {"async_wait", [](const specimen& it) { return look_asynchronously(it.subject); }, false},
    {"cancel", [](const specimen& it) { return name_of(it.subject.request_cancel()); }, true},
    {"pause", [](const specimen& it) { return name_of(it.subject.pause()); }, true},
    {"resume", [](const specimen& it) { return name_of(it.subject.resume()); }, true},
    {"priority", [](const specimen& it) { return name_of(it.subject.set_priority(task_priority::high)); }, true},
    {"part", [](const specimen& it) { return post_related(it, {.parent = it.subject}); }, true},
    {"after", [](const specimen& it) { return post_related(it, {.after = {it.subject}}); }, true},
}};

struct situation {
    const char* name;
    void (*make)(specimen&);
    std::array<const char*, verb_count> answers;
};

constexpr const char* ended = "already_ended";
constexpr const char* unended = "not_ended";
constexpr const char* begun = "already_begun";
constexpr const char* none = "no_task";

// clang-format off
const std::vector<situation> table{
    //                                 state       compl. canc.  perc.  error        outcome      result       obstacle       wait         async_wait   cancel            pause  resume        priority part             after
    {"queued",      make_queued,      {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "worker",      "timed_out", "timed_out", "ok",             "ok",  "not_paused", "ok",    "ok",            "ok"}},
    {"held",        make_held,        {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "hold",        "timed_out", "timed_out", "ok",             "ok",  "ok",         "ok",    "ok",            "ok"}},
    {"claiming",    make_claiming,    {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "resource",    "timed_out", "timed_out", "ok",             "ok",  "not_paused", "ok",    "ok",            "ok"}},
    {"following",   make_following,   {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "predecessor", "timed_out", "timed_out", "ok",             "ok",  "not_paused", "ok",    "ok",            "ok"}},
    {"in lane",     make_in_lane,     {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "lane",        "timed_out", "timed_out", "ok",             "ok",  "not_paused", "ok",    "ok",            "ok"}},
    {"delayed",     make_delayed,     {"queued",    "no",  "yes", "0",   unended,     unended,     unended,     "delay",       "timed_out", "timed_out", "ok",             "ok",  "not_paused", "ok",    "ok",            "ok"}},
    {"running",     make_running,     {"running",   "no",  "yes", "0",   unended,     unended,     unended,     "none",        "timed_out", "timed_out", "ok",             "ok",  "not_paused", begun,   "ok",            "ok"}},
    {"unstoppable", make_unstoppable, {"running",   "no",  "no",  "0",   unended,     unended,     unended,     "none",        "timed_out", "timed_out", "not_cancelable", "ok",  "not_paused", begun,   "ok",            "ok"}},
    {"paused",      make_paused,      {"paused",    "no",  "yes", "0",   unended,     unended,     unended,     "none",        "timed_out", "timed_out", "ok",             "ok",  "ok",         begun,   "ok",            "ok"}},
    {"elsewhere",   make_elsewhere,   {"running",   "no",  "yes", "0",   unended,     unended,     unended,     "none",        "timed_out", "timed_out", "ok",             "ok",  "not_paused", begun,   "ok",            "ok"}},
    {"succeeded",   make_succeeded,   {"succeeded", "yes", "no",  "100", "ok",        "ok",        "7",         "none",        "completed", "ok",        ended,            ended, ended,        ended,   ended,           "ok"}},
    {"failed",      make_failed,      {"failed",    "yes", "no",  "0",   "Input/output error", "Input/output error", "Input/output error", "none", "completed", "ok", ended,    ended, ended,        ended,   ended,           "ok"}},
    {"cancelled",   make_cancelled,   {"cancelled", "yes", "no",  "0",   "cancelled", "cancelled", "cancelled", "none",        "completed", "ok",        ended,            ended, ended,        ended,   ended,           "ok"}},
    {"shut down",   make_shut_down,   {"succeeded", "yes", "no",  "100", "ok",        "ok",        "7",         "none",        "completed", "ok",        ended,            ended, ended,        ended,   "shutting_down", "shutting_down"}},
    {"orphan",      make_orphan,      {"succeeded", "yes", "no",  "100", "ok",        "ok",        "7",         "none",        "completed", "ok",        ended,            ended, ended,        ended,   "-",             "-"}},
    {"empty",       make_empty,       {none,        none,  none,  none,  none,        none,        none,        none,          none,        none,        none,             none,  none,         none,    "ok",            none}},
};
// clang-format on

} // namespace

TEST_CASE("every verb of a handle is answered in every situation as the table says", "[verbs]")
{
    for (const situation& row : table) {
        auto shared = std::make_unique<specimen>();
        row.make(*shared);
        for (std::size_t column = 0; column < verb_count; ++column) {
            const verb& asked = verbs[column];
            if (asked.changes_something) {
                shared = std::make_unique<specimen>();
                row.make(*shared);
            }
            CAPTURE(row.name, asked.name);
            CHECK(answer_of([&] { return asked.ask(*shared); }) == row.answers[column]);
        }
    }
}

TEST_CASE("a result is taken once, in whatever order it is asked for", "[verbs][result]")
{
    specimen it;
    make_succeeded(it);
    const auto take = [&] { return answer_of([&] { return std::to_string(it.subject.take_result()); }); };
    CHECK(take() == "7");
    CHECK(take() == "result_taken");
    specimen other;
    make_running(other);
    CHECK(answer_of([&] { return std::to_string(other.subject.take_result()); }) == "not_ended");
}

TEST_CASE("the owner of a task that runs elsewhere ends it once, however it is then", "[verbs][source]")
{
    using change = void (*)(specimen&);
    const std::vector<std::pair<change, bool>> changes{
        {[](specimen&) {}, true},
        {[](specimen& it) { (void)it.subject.request_cancel(); }, true},
        {[](specimen& it) { (void)it.subject.pause(); }, true},
        {[](specimen& it) { (void)it.engine->shutdown(shutdown_mode::cancel, 0s); }, true},
        {[](specimen& it) { it.source->set_value(1); }, false},
        {[](specimen& it) { it.source->set_error(errc::cancelled); }, false},
        {[](specimen& it) { it.engine.reset(); }, false},
    };
    const std::vector<bool (*)(const task_source<int>&)> ends{
        [](const task_source<int>& source) { return source.set_value(7); },
        [](const task_source<int>& source) { return source.set_error(errc::task_failed); },
        [](const task_source<int>& source) { return source.set_exception(std::make_exception_ptr(1)); },
    };
    for (const auto& [act, can_be_ended] : changes) {
        for (const auto end : ends) {
            specimen it;
            make_elsewhere(it);
            act(it);
            CHECK(end(*it.source) == can_be_ended);
            CHECK(it.subject.is_complete());
            CHECK_FALSE(end(*it.source));
        }
    }
}

TEST_CASE("an engine that was shut down takes nothing, and answers all the rest", "[verbs][shutdown]")
{
    specimen it;
    make_shut_down(it);
    vmtask::engine& engine = *it.engine;
    const auto post = [&](auto... options) {
        return answer_of([&] {
            (void)engine.post([](task_context&) {}, options...);
            return std::string("ok");
        });
    };
    CHECK(post() == "shutting_down");
    CHECK(post(task_options{.claims = {exclusive("disk")}}) == "shutting_down");
    CHECK(answer_of([&] { return task_source<>(engine) ? "ok" : "empty"; }) == "shutting_down");
    CHECK(engine.tasks() == std::vector<task_handle>{it.subject});
    CHECK(engine.tasks({.states = state_set::ended()}, {.limit = 5}).tasks.size() == 1);
    CHECK(engine.find(it.subject.id()) == it.subject);
    CHECK(engine.metrics().tasks_succeeded == 1);
    CHECK_NOTHROW(engine.set_lane_limit("lane", 3));
    CHECK(engine.shutdown(shutdown_mode::cancel).complete());
    CHECK(engine.shutdown(shutdown_mode::drain, 0s).complete());
}
