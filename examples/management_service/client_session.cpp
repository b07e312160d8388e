// SPDX-License-Identifier: BSL-1.0
#include "client_session.hpp"

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

using namespace asio::experimental::awaitable_operators;
using asio::redirect_error;
using asio::use_awaitable;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t longest_line = 16 * 1024;
constexpr std::size_t most_answers = 16;
constexpr std::size_t most_waits = 64;

/// What the client calls the request. Nothing nested: it is sent back.
json id_of(const json& request)
{
    const auto id = request.find("id");
    if (id == request.end()) return nullptr;
    if (id->is_structured()) throw std::runtime_error("\"id\" has to be a text or a number");
    return *id;
}

milliseconds timeout_of(const json& request)
{
    if (!request.contains("timeout_ms")) return milliseconds::max(); // for the engine: no limit
    constexpr std::uint64_t longest = std::numeric_limits<milliseconds::rep>::max();
    return milliseconds(static_cast<milliseconds::rep>(std::min(number_member(request, "timeout_ms"), longest)));
}

} // namespace

client_session::client_session(socket connection, disk_requests& requests, std::chrono::seconds patience)
    : socket_(std::move(connection)),
      requests_(requests),
      patience_(patience),
      changed_(socket_.get_executor(), steady_clock::time_point::max())
{
}

asio::awaitable<void> client_session::run()
{
    co_await (read_requests() && write_answers());
}

void client_session::finish()
{
    finishing_ = true;
    std::error_code ignored; // the client may have gone
    socket_.shutdown(socket::shutdown_receive, ignored);
}

asio::awaitable<void> client_session::read_requests()
{
    bool skipping = false; // the rest of a line that was too long
    while (!finishing_) {
        std::error_code error;
        const std::size_t length = co_await asio::async_read_until(socket_, asio::dynamic_buffer(input_, longest_line),
                                                                   '\n', redirect_error(use_awaitable, error));
        if (error == asio::error::not_found) {
            if (!skipping) say({{"id", nullptr}, {"error", "the line is too long"}});
            skipping = true;
            input_.clear();
        } else if (error) {
            break;
        } else {
            if (!skipping) answer(std::string_view(input_).substr(0, length - 1));
            skipping = false;
            input_.erase(0, length);
        }
        while (answers_.size() >= most_answers) co_await change();
    }
    reading_ = false;
    if (!finishing_) leave();
    changed_.cancel();
}

asio::awaitable<void> client_session::write_answers()
{
    std::error_code error;
    while (reading_ || waits_ > 0 || !answers_.empty()) {
        if (answers_.empty()) {
            co_await change();
            continue;
        }
        const bool taken = co_await write(answers_.front());
        answers_.pop_front();
        if (!taken) {
            leave();
            answers_.clear();
            socket_.close(error);
        }
        changed_.cancel();
    }
}

/// False when the client has gone, or is too slow.
asio::awaitable<bool> client_session::write(const std::string& answer)
{
    std::error_code error;
    asio::steady_timer too_slow(socket_.get_executor(), patience_);
    const auto first = co_await (asio::async_write(socket_, asio::buffer(answer), redirect_error(use_awaitable, error))
                                 || too_slow.async_wait(use_awaitable));
    co_return first.index() == 0 && !error;
}

void client_session::answer(std::string_view line)
{
    json answer = {{"id", nullptr}};
    try {
        const json request = parse_request(line);
        answer["id"] = id_of(request);
        if (text_member(request, "request") == "wait") return begin_wait(answer["id"], request);
        answer.update(requests_.answer(request));
    } catch (const std::exception& failure) {
        answer["error"] = failure.what();
    }
    say(answer);
}

void client_session::begin_wait(const json& id, const json& request)
{
    const compaction& task = requests_.find(request);
    const milliseconds timeout = timeout_of(request);
    if (waits_ == most_waits) throw std::runtime_error("too many waits at once");
    ++waits_;
    asio::co_spawn(socket_.get_executor(), answer_wait(id, task, timeout), asio::detached);
}

/// Gives up the wait when the client leaves; the task goes on without it.
asio::awaitable<void> client_session::answer_wait(json id, compaction task, milliseconds timeout)
{
    std::error_code wait;
    co_await (task.async_wait_for(timeout, redirect_error(use_awaitable, wait)) || until_left());
    --waits_;
    json answer = {{"id", id}, {"wait", wait == vmtask::errc::timed_out ? "timed_out" : "completed"}};
    answer.update(describe(task));
    say(answer);
    changed_.cancel(); // one wait less, also for a client that has left
}

void client_session::say(const json& answer)
{
    if (left_) return;
    // Messages of the system need not be UTF-8.
    answers_.push_back(answer.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
    changed_.cancel();
}

void client_session::leave()
{
    left_ = true;
    changed_.cancel();
}

asio::awaitable<void> client_session::change()
{
    std::error_code cancelled;
    co_await changed_.async_wait(redirect_error(use_awaitable, cancelled));
}

asio::awaitable<void> client_session::until_left()
{
    while (!left_) co_await change();
}
