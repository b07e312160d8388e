// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace vmtask::detail {

/// Says that the pointer takes over a reference that is already counted.
struct adopt_reference_t {};
inline constexpr adopt_reference_t adopt_reference{};

/// Shares an object that counts its own references, by `add_reference(object)` and
/// `release_reference(object)`, which need not know what it looks like inside. A
/// shared_ptr would cost a task a second count and every handle a second word.
template <class T>
class intrusive_ptr {
public:
    intrusive_ptr() noexcept = default;
    explicit intrusive_ptr(T* object) noexcept : object_(object)
    {
        if (object_) add_reference(*object_);
    }
    intrusive_ptr(T* object, adopt_reference_t) noexcept : object_(object) {}

    intrusive_ptr(const intrusive_ptr& other) noexcept : intrusive_ptr(other.object_) {}
    intrusive_ptr(intrusive_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    intrusive_ptr& operator=(intrusive_ptr other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }
    ~intrusive_ptr()
    {
        if (object_) release_reference(*object_);
    }

    [[nodiscard]] T* get() const noexcept { return object_; }
    /// Gives the counted reference away.
    [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

private:
    T* object_ = nullptr;
};

} // namespace vmtask::detail
