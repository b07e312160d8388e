// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace vmtask::c_api {

/// Says, while it lives, that its thread hands something to the engine. Should
/// that be destroyed on this thread meanwhile, it has been taken back: the engine
/// has refused it, and its caller, who gets an error, must not be told a second
/// time; or it is not needed, and he is told by whoever handed it over.
///
/// What the engine destroys at the same occasion and was handed over by others,
/// as a task that is replaced, has another number.
class handing_over {
public:
    handing_over() noexcept : number_(++numbers), outer_(std::exchange(innermost, this)) {}
    ~handing_over() { innermost = outer_; }
    handing_over(const handing_over&) = delete;
    handing_over& operator=(const handing_over&) = delete;

    /// For what is handed over, to tell when it goes.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

    /// Called by what goes and has that number: true when it is taken back.
    [[nodiscard]] static bool takes_back(std::uint64_t number) noexcept
    {
        for (handing_over* each = innermost; each != nullptr; each = each->outer_)
            if (each->number_ == number) return each->has_taken_back_ = true;
        return false;
    }
    [[nodiscard]] bool has_taken_back() const noexcept { return has_taken_back_; }

private:
    static inline std::atomic<std::uint64_t> numbers{0};
    // Callbacks that run meanwhile may hand over something themselves.
    static inline thread_local handing_over* innermost = nullptr;

    const std::uint64_t number_;
    handing_over* const outer_;
    bool has_taken_back_ = false;
};

} // namespace vmtask::c_api
