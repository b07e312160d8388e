// SPDX-License-Identifier: BSL-1.0

#include "service_client.hpp"

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include <istream>
#include <ostream>
#include <utility>

#include <csignal>

namespace vmtask::test {

service::service(std::vector<std::string> command, const std::vector<std::string>& options)
{
    command.insert(command.end(), {"--socket", socket()});
    command.insert(command.end(), options.begin(), options.end());
    program_ = std::make_unique<program>(std::move(command));
    REQUIRE(says("listening on " + socket() + "\n"));
}

void service::send(int signal) const
{
    ::kill(program_->id(), signal);
}

service_client::service_client(const service& server)
    : service_client(asio::local::stream_protocol::endpoint(server.socket()))
{
}

service_client::service_client(std::uint16_t port)
    : service_client(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port))
{
}

service_client::service_client(const asio::generic::stream_protocol::endpoint& server)
{
    stream_.expires_after(patience);
    stream_.connect(server);
}

bool service_client::say_text(const std::string& text)
{
    stream_.expires_after(patience);
    return static_cast<bool>(stream_ << text << std::flush);
}

json service_client::hear()
{
    stream_.expires_after(patience);
    std::string line;
    if (std::getline(stream_, line)) return json::parse(line);
    REQUIRE_FALSE(lost_patience());
    return nullptr;
}

json service_client::ask(const json& request)
{
    return ask_line(request.dump());
}

json service_client::ask_line(const std::string& line)
{
    say_text(line + '\n');
    return hear();
}

std::uint64_t service_client::compact(const std::string& disk)
{
    const json answer = ask(json{{"request", "compact"}, {"disk", disk}});
    INFO(answer.dump());
    REQUIRE(answer.contains("task"));
    return answer["task"];
}

bool service_client::lost_patience() const
{
    return stream_.error() == asio::error::timed_out;
}

void service_client::finish_sending()
{
    stream_.socket().shutdown(asio::socket_base::shutdown_send);
}

} // namespace vmtask::test
