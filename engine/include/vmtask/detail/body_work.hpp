// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/task_work.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

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

} // namespace vmtask::detail
