// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/result_record.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace vmtask::detail {

/// A task with a body that runs on a worker from its begin to its end.
template <class Body, class T>
class body_record final : public result_record<T> {
public:
    template <class Given, class... Options>
    body_record(Given&& body, engine_core& core, std::uint64_t id, Options&&... options)
        : result_record<T>(core, id, std::forward<Options>(options)...), body_(std::in_place, std::forward<Given>(body))
    {
    }

private:
    void invoke(task_context& context) override
    {
        if constexpr (std::is_void_v<T>) std::invoke(*body_, context);
        else this->set_value(std::invoke(*body_, context));
    }

    [[nodiscard]] body_kind kind() const noexcept override { return body_kind::blocking; }
    void destroy_body() noexcept override { body_.reset(); }
    [[nodiscard]] bool has_trivial_body() const noexcept override { return std::is_trivially_destructible_v<Body>; }

    std::optional<Body> body_;
};

} // namespace vmtask::detail
