// SPDX-License-Identifier: BSL-1.0
//
// What most tests include, compiled once. Never included by name.

#pragma once

#include "support/catch.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>
