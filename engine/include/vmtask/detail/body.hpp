// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/asio_guard.hpp>
#include <vmtask/detail/task_work.hpp>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask {

class task_context;

namespace detail {

template <class T>
struct awaited {
    using type = T;
    static constexpr bool is_coroutine = false;
};
template <class T, class Executor>
struct awaited<asio::awaitable<T, Executor>> {
    static_assert(std::is_same_v<asio::awaitable<T, Executor>, asio::awaitable<T>>,
                  "a coroutine body runs on the event loop: asio::awaitable<T> without another executor");
    using type = T;
    static constexpr bool is_coroutine = true;
};

/// What a body is: whether it is a coroutine, and what its task results in.
template <class Body>
struct body_traits {
    using returned = std::invoke_result_t<Body&, task_context&>;
    using result = typename awaited<returned>::type;
    static constexpr bool is_coroutine = awaited<returned>::is_coroutine;

    static_assert(!std::is_reference_v<result>, "a task's result is a value; return a pointer to refer to something");
};

template <class Body>
inline constexpr bool takes_context = std::is_invocable_v<Body&, task_context&>;

/// False for an lvalue of a body that can only be moved.
template <class Body>
inline constexpr bool can_be_copied_or_moved_in =
    std::is_move_constructible_v<std::decay_t<Body>>&& std::is_constructible_v<std::decay_t<Body>, Body>;

/// True for a null function pointer, an empty std::function and the like.
template <class Body>
[[nodiscard]] bool is_null_body(const Body& body) noexcept
{
    // A lambda without captures compares with nullptr too, by way of a function
    // pointer that is never null; what can be made from nullptr can be null.
    if constexpr (std::is_constructible_v<Body, std::nullptr_t> && std::is_constructible_v<bool, const Body&>) {
        return !static_cast<bool>(body);
    } else {
        return false;
    }
}

/// A body that runs on a worker from its begin to its end.
template <class Body, class T>
class body_work final : public result_work<T> {
public:
    template <class Given>
    body_work(std::in_place_t at, Given&& body) : body_(at, std::forward<Given>(body))
    {
    }

private:
    [[nodiscard]] block_layout layout() const noexcept override { return {sizeof(body_work), alignof(body_work)}; }
    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::blocking; }

    void invoke(task_context& context) override
    {
        if constexpr (std::is_void_v<T>) std::invoke(*body_, context);
        else this->set_value(std::invoke(*body_, context));
    }
    void destroy_body() noexcept override { body_.reset(); }
    [[nodiscard]] bool has_trivial_body() const noexcept override { return std::is_trivially_destructible_v<Body>; }

    std::optional<Body> body_;
};

} // namespace detail

/// Whatever can be posted: `T(task_context&)`, or a coroutine function
/// `asio::awaitable<T>(task_context&)`. Move-only bodies and results work; such a
/// body is to be moved in, as it cannot be copied.
template <class Body>
concept task_body = detail::takes_context<std::decay_t<Body>> && detail::can_be_copied_or_moved_in<Body>;

} // namespace vmtask
