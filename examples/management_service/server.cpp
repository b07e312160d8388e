// SPDX-License-Identifier: BSL-1.0
#include "server.hpp"

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <csignal>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

using asio::redirect_error;
using asio::use_awaitable;

namespace {

constexpr std::size_t most_clients = 64;

/// For a coroutine that has nobody to tell: what it throws leaves io_context::run().
void rethrow(std::exception_ptr failure)
{
    if (failure) std::rethrow_exception(failure);
}

void refuse(client_session::socket connection)
{
    constexpr std::string_view answer = "{\"id\":null,\"error\":\"too many clients\"}\n";
    std::error_code ignored; // the answer is a courtesy
    connection.write_some(asio::buffer(answer), ignored);
}

} // namespace

server::server(asio::io_context& loop, disk_requests& requests, acceptor listener, std::chrono::seconds patience)
    : loop_(loop),
      requests_(requests),
      acceptor_(std::move(listener)),
      patience_(patience),
      signals_(loop, SIGINT, SIGTERM)
{
}

void server::start(std::function<void()> on_stop)
{
    asio::co_spawn(loop_, stop_on_signal(std::move(on_stop)), rethrow);
    asio::co_spawn(loop_, accept_clients(), rethrow);
}

asio::awaitable<void> server::accept_clients()
{
    asio::steady_timer second(loop_);
    while (!stopping_) {
        std::error_code error;
        client_session::socket connection = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
        if (error && !stopping_) { // such as no descriptors left; it may pass
            second.expires_after(std::chrono::seconds(1));
            co_await second.async_wait(use_awaitable);
        } else if (!error && clients_.size() == most_clients) {
            refuse(std::move(connection));
        } else if (!error) {
            asio::co_spawn(loop_, serve(std::move(connection)), rethrow);
        }
    }
}

asio::awaitable<void> server::serve(client_session::socket connection)
{
    client_session client(std::move(connection), requests_, patience_);
    clients_.insert(&client);
    if (stopping_) client.finish();
    co_await client.run();
    clients_.erase(&client);
}

/// Cancels the tasks, and lets the clients go when all has been answered.
asio::awaitable<void> server::stop_on_signal(std::function<void()> on_stop)
{
    co_await signals_.async_wait(use_awaitable);
    signals_.clear(); // a second signal ends the program at once, and the disks survive that

    stopping_ = true;
    const std::vector<compaction> tasks = requests_.stop();
    on_stop();
    acceptor_.close();
    for (const compaction& task : tasks) co_await task.async_wait(use_awaitable);
    for (client_session* client : clients_) client->finish();
}
