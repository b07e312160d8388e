// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <thread>
#include <vector>

namespace vmtask::benchmark {

/// The pool that users of Asio write by hand: an io_context and the threads
/// that run it. What is still queued at the end is dropped.
class asio_pool {
public:
    explicit asio_pool(std::size_t thread_count)
    {
        for (std::size_t i = 0; i < thread_count; ++i) threads_.emplace_back([this] { context_.run(); });
    }
    ~asio_pool()
    {
        context_.stop();
        for (std::thread& one : threads_) one.join();
    }
    asio_pool(const asio_pool&) = delete;
    asio_pool& operator=(const asio_pool&) = delete;

    [[nodiscard]] asio::io_context& context() noexcept { return context_; }

private:
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::vector<std::thread> threads_;
};

} // namespace vmtask::benchmark
