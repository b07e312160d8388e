// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace vmtask::test {

/// A coroutine that knows nothing of Asio, begins at once, and is destroyed by
/// its owner, wherever it is.
class owned_coroutine {
public:
    struct promise_type {
        owned_coroutine get_return_object()
        {
            return owned_coroutine(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };

    explicit owned_coroutine(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    owned_coroutine(owned_coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    owned_coroutine& operator=(owned_coroutine&&) = delete;
    ~owned_coroutine()
    {
        if (handle_) handle_.destroy();
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

} // namespace vmtask::test
