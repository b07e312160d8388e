// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vmtask::test {

class stage;

/// What one thread does, as a coroutine on a stage. What it does between two
/// suspensions is one step, which nobody can come between.
class script {
public:
    struct promise_type {
        script get_return_object() { return script(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept { return back(); }
        void return_void() noexcept {}
        void unhandled_exception() { std::terminate(); }

        /// Goes on with the script that awaits this one.
        struct back {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) const noexcept
            {
                return ended.promise().caller;
            }
            void await_resume() const noexcept {}
        };
        std::coroutine_handle<> caller = std::noop_coroutine();
    };

    explicit script(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    script(script&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    script& operator=(script&&) = delete;
    ~script()
    {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }
    [[nodiscard]] bool has_ended() const noexcept { return handle_.done(); }

    // A script awaited by another is a function that it calls.
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept
    {
        handle_.promise().caller = caller;
        return handle_;
    }
    void await_resume() const noexcept {}

private:
    std::coroutine_handle<promise_type> handle_;
};

/// Runs scripts step by step, in an order given from outside.
class stage {
public:
    stage() = default;
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;

    /// A script that does nothing before its first step.
    void add(std::string name, script part)
    {
        actors_.push_back({std::move(name), std::move(part), {}, {}, {}});
        on_ = actors_.size() - 1;
        actors_.back().part.handle().resume(); // to its first step
    }

    struct next_step {
        stage* where;
        std::function<bool()> may_come;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> here) noexcept
        {
            where->actors_[where->on_].at = here;
            where->actors_[where->on_].may_go_on = std::move(may_come);
        }
        void await_resume() const noexcept {}
    };
    /// The next step, which may come at once, or when that is true.
    [[nodiscard]] next_step step() { return {this, {}}; }
    [[nodiscard]] next_step step_when(std::function<bool()> may_come) { return {this, std::move(may_come)}; }

    /// Notes what the actor has learnt, as that decides what it does later.
    template <class Answer>
    Answer learn(Answer answer)
    {
        actors_[on_].memory += std::to_string(static_cast<int>(answer)) + ',';
        return answer;
    }

    [[nodiscard]] std::vector<std::size_t> ready() const
    {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < actors_.size(); ++i) {
            const actor& each = actors_[i];
            if (!each.part.has_ended() && (!each.may_go_on || each.may_go_on())) found.push_back(i);
        }
        return found;
    }
    void run(std::size_t chosen)
    {
        on_ = chosen;
        actors_[chosen].memory += '.';
        actors_[chosen].at.resume();
    }

    /// All that the actors know and where they are.
    [[nodiscard]] std::string memories() const
    {
        std::string all;
        for (const actor& each : actors_) all += each.memory + '|';
        return all;
    }
    [[nodiscard]] std::vector<std::string> left_behind() const
    {
        std::vector<std::string> names;
        for (const actor& each : actors_)
            if (!each.part.has_ended()) names.push_back(each.name);
        return names;
    }

private:
    struct actor {
        std::string name;
        script part;
        std::coroutine_handle<> at;
        std::function<bool()> may_go_on; // none: at any time
        std::string memory;
    };

    std::deque<actor> actors_;
    std::size_t on_ = 0;
};

/// What all the interleavings of a world's scripts have led to.
struct exploration {
    std::set<std::string> findings;
    std::size_t states = 0;
};

/// Goes every way from the beginning, each state once. A World has a `stage`,
/// `description()` of what is not in the actors' memories, `check_end()`, and
/// `findings`.
template <class World, class... Arguments>
exploration explore(const Arguments&... arguments)
{
    exploration result;
    std::set<std::string> seen;
    std::vector<std::vector<std::size_t>> ways{{}};
    while (!ways.empty()) {
        std::vector<std::size_t> way = std::move(ways.back());
        ways.pop_back();
        World world(arguments...);
        for (const std::size_t actor : way) world.stage.run(actor);
        while (seen.insert(world.stage.memories() + world.description()).second) {
            const auto ready = world.stage.ready();
            if (ready.empty()) {
                world.check_end();
                break;
            }
            for (std::size_t other = 1; other < ready.size(); ++other) {
                ways.push_back(way);
                ways.back().push_back(ready[other]);
            }
            way.push_back(ready.front());
            world.stage.run(ready.front());
        }
        result.findings.insert(world.findings.begin(), world.findings.end());
    }
    result.states = seen.size();
    return result;
}

} // namespace vmtask::test
