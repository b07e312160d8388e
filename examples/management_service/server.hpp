// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "client_session.hpp"
#include "disk_requests.hpp"

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <functional>
#include <set>

/// Serves all clients, on the thread that runs the loop, until a signal comes.
class server {
public:
    /// Of either kind of socket.
    using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

    /// From here on a SIGINT or SIGTERM stops the server in good order.
    server(asio::io_context& loop, disk_requests& requests, acceptor listener, std::chrono::seconds patience);

    /// Begins. The loop has nothing left to do when the last client is gone after
    /// a SIGINT or SIGTERM; `on_stop` is called when the tasks have been asked to stop,
    /// before the server stops listening.
    void start(std::function<void()> on_stop);

private:
    asio::awaitable<void> accept_clients();
    asio::awaitable<void> serve(client_session::socket connection);
    asio::awaitable<void> stop_on_signal(std::function<void()> on_stop);

    asio::io_context& loop_;
    disk_requests& requests_;
    acceptor acceptor_;
    const std::chrono::seconds patience_;
    asio::signal_set signals_;
    std::set<client_session*> clients_;
    bool stopping_ = false;
};
