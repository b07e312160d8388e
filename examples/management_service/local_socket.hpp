// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include <cstdint>
#include <string>

/// Listens on a Unix socket of that name, for programs of the same user. A
/// socket that a killed server left behind is replaced.
///
/// Errors: std::runtime_error when a server listens there, or the name is taken
/// by something else, which stays as it is; std::system_error.
asio::local::stream_protocol::acceptor listen_on_path(asio::io_context& loop, const std::string& path);

/// Listens on that port of 127.0.0.1, for all users of this machine; 0 takes any
/// free port. Errors: std::system_error.
asio::ip::tcp::acceptor listen_on_port(asio::io_context& loop, std::uint16_t port);
