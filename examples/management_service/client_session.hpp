// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "disk_requests.hpp"

#include <asio/awaitable.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

/// One client: a request a line comes in, an answer a line goes out.
///
/// Answers carry the "id" of their request, because a "wait" is answered when it
/// is over, and other requests meanwhile. Bounded are the length of a line, the
/// answers not sent yet, the waits, and the time in which the client has to take
/// an answer; so a client that sends without reading stops being read.
///
/// Thread safety: none; all of it runs on the thread of the socket's executor.
class client_session {
public:
    using socket = asio::generic::stream_protocol::socket;

    client_session(socket connection, disk_requests& requests, std::chrono::seconds patience);

    /// Serves the client until it has left, or until finish() and all is said.
    asio::awaitable<void> run();

    /// Reads no further request, but answers those there are.
    void finish();

private:
    asio::awaitable<void> read_requests();
    asio::awaitable<void> write_answers();
    asio::awaitable<bool> write(const std::string& answer);
    asio::awaitable<void> answer_wait(json id, compaction task, std::chrono::milliseconds timeout);
    void begin_wait(const json& id, const json& request);
    void answer(std::string_view line);
    void say(const json& answer);
    void leave();
    asio::awaitable<void> change();
    asio::awaitable<void> until_left();

    socket socket_;
    disk_requests& requests_;
    const std::chrono::seconds patience_;
    // Never expires. Cancelled, it wakes all that wait for a change of what follows.
    asio::steady_timer changed_;
    std::string input_;
    std::deque<std::string> answers_;
    std::size_t waits_ = 0;
    bool reading_ = true;
    bool finishing_ = false;
    bool left_ = false;
};
