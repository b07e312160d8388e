// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/patience.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace vmtask::test {

/// Runs a coroutine to its end on the calling thread, with an io_context of
/// its own, and returns or throws what it did.
template <class T>
T run_here(asio::awaitable<T> coroutine)
{
    asio::io_context context;
    std::exception_ptr failure;
    std::optional<T> value;
    asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr thrown, T returned) {
        failure = thrown;
        value.emplace(std::move(returned));
    });
    context.run_for(patience);
    if (failure) std::rethrow_exception(failure);
    if (!value) throw std::runtime_error("the coroutine did not end");
    return std::move(*value);
}

} // namespace vmtask::test
