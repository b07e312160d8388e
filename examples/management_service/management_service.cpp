// SPDX-License-Identifier: BSL-1.0
//
// A server that compacts disks for its clients; see `usage`. One thread serves
// all clients, a coroutine each, and never blocks; the work is the engine's.

#include "disk_requests.hpp"
#include "local_socket.hpp"
#include "server.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <getopt.h>

namespace {

constexpr std::string_view usage = R"(usage: management_service [OPTION]...

Compacts VHD disks for its clients until it gets SIGTERM or SIGINT; then it
cancels what runs, tells those who wait, and ends. Cancelled disks are whole.

  --socket PATH       listen on this Unix socket (default: vmtask.sock), which
                      only programs of the same user can open
  --port PORT         listen on this port of 127.0.0.1 instead, open to all users
                      of this machine; 0 takes any free port
  --workers N         disks compacted at the same time (default: 2)
  --patience SECONDS  time a client has to take an answer (default: 10)
  --help              show this

A request is one JSON object on a line; "id" is returned with its answer:

  {"id": 1, "request": "compact", "disk": "/disks/a.vhd"}
  {"id": 2, "request": "list"}
  {"id": 3, "request": "query", "task": 1}
  {"id": 4, "request": "wait", "task": 1, "timeout_ms": 5000}
  {"id": 5, "request": "cancel", "task": 1}

Compactions of one disk run one after the other; a queued one "waits_for" the
tasks before it.

Exits 0 when it was stopped, 1 when it cannot work, 2 on bad usage.
)";

struct settings {
    std::string socket_path = "vmtask.sock";
    std::optional<std::uint16_t> port;
    std::size_t workers = 2;
    std::chrono::seconds patience{10};
    bool help = false;
};

/// Thrown when an option's value is none.
struct bad_usage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class Number>
Number parse_number(std::string_view text, Number least, Number most)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        throw bad_usage("'" + std::string(text) + "' is no number from " + std::to_string(least) + " to "
                        + std::to_string(most));
    return value;
}

settings parse_arguments(int argc, char** argv)
{
    constexpr option options[] = {
        {"socket", required_argument, nullptr, 's'},  {"port", required_argument, nullptr, 'p'},
        {"workers", required_argument, nullptr, 'w'}, {"patience", required_argument, nullptr, 't'},
        {"help", no_argument, nullptr, 'h'},          {nullptr, 0, nullptr, 0}};
    settings chosen;
    for (int found; (found = ::getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        switch (found) {
        case 's': chosen.socket_path = optarg; break;
        case 'p': chosen.port = parse_number<std::uint16_t>(optarg, 0, 65535); break;
        case 'w': chosen.workers = parse_number<std::size_t>(optarg, 1, 64); break;
        case 't': chosen.patience = std::chrono::seconds(parse_number(optarg, 1, 3600)); break;
        case 'h': chosen.help = true; break;
        default: throw bad_usage("see management_service --help"); // getopt has said why
        }
    }
    if (optind != argc) throw bad_usage("'" + std::string(argv[optind]) + "' is no option");
    return chosen;
}

void run(const settings& chosen)
{
    asio::io_context loop(1); // outlives the engine, which posts to it
    server::acceptor acceptor(loop);
    std::string address = chosen.socket_path;
    if (chosen.port) {
        asio::ip::tcp::acceptor listener = listen_on_port(loop, *chosen.port);
        address = "127.0.0.1:" + std::to_string(listener.local_endpoint().port());
        acceptor = std::move(listener);
    } else {
        acceptor = listen_on_path(loop, chosen.socket_path);
    }

    vmtask::engine engine({.workers = chosen.workers});
    disk_requests requests(engine);
    server clients(loop, requests, std::move(acceptor), chosen.patience);
    clients.start([&] {
        std::cout << "stopping" << std::endl;
        if (!chosen.port) std::filesystem::remove(chosen.socket_path);
    });
    std::cout << "listening on " << address << std::endl;
    loop.run();
}

} // namespace

int main(int argc, char** argv)
{
    try {
        const settings chosen = parse_arguments(argc, argv);
        if (chosen.help) std::cout << usage;
        else run(chosen);
        return 0;
    } catch (const bad_usage& error) {
        std::cerr << "management_service: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "management_service: " << error.what() << '\n';
        return 1;
    }
}
