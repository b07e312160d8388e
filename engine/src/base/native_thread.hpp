// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <pthread.h>

namespace vmtask::detail {

/// A thread with what std::thread cannot be given: a name and a size of its stack.
/// It blocks signals as signal_shield says.
///
/// Thread safety: none.
class native_thread {
public:
    native_thread() noexcept = default;
    /// `stack_size` 0: as the system has it. Throws std::system_error when the system
    /// has no thread left to give, and std::bad_alloc.
    native_thread(const std::string& name, std::size_t stack_size, std::function<void()> run);
    native_thread(native_thread&& other) noexcept;
    native_thread& operator=(native_thread&& other) noexcept;
    /// It has been joined, or never was started.
    ~native_thread();

    void join() noexcept;

    /// Whether a thread can have such a stack.
    [[nodiscard]] static bool is_valid_stack_size(std::size_t stack_size) noexcept;

private:
    pthread_t handle_{};
    bool is_joinable_ = false;
};

} // namespace vmtask::detail
