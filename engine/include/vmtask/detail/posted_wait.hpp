// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <utility>

namespace vmtask::detail {

/// A post that the calling thread is in. It tells a function that is destroyed
/// because it could not be posted from one whose executor has let it go.
class post_attempt {
public:
    explicit post_attempt(const void* posted) noexcept
        : outer_(current()), posted_(posted), exceptions_(std::uncaught_exceptions())
    {
        current() = this;
    }
    ~post_attempt() { current() = outer_; }
    post_attempt(const post_attempt&) = delete;
    post_attempt& operator=(const post_attempt&) = delete;

    /// Asked by what is posted when it is destroyed uncalled: true when it goes
    /// back to the one who posts, because that fails just now.
    [[nodiscard]] static bool returns(const void* posted) noexcept
    {
        post_attempt* const attempt = current();
        if (!attempt || attempt->posted_ != posted || std::uncaught_exceptions() <= attempt->exceptions_) return false;
        attempt->has_returned_ = true;
        return true;
    }
    [[nodiscard]] bool has_returned() const noexcept { return has_returned_; }

private:
    static post_attempt*& current() noexcept
    {
        static constinit thread_local post_attempt* attempt = nullptr;
        return attempt;
    }

    post_attempt* const outer_;
    const void* const posted_;
    const int exceptions_;
    bool has_returned_ = false;
};

/// What is posted when a wait has come to its end: it refers to the wait, which
/// has the handler, so that a post that fails loses nothing.
///
/// It brings the allocator of the handler.
template <class Wait, class Allocator>
class posted_wait {
public:
    using allocator_type = Allocator;

    posted_wait(Wait& wait, const Allocator& allocator) noexcept : wait_(&wait), allocator_(allocator) {}
    posted_wait(posted_wait&& other) noexcept : wait_(std::exchange(other.wait_, nullptr)), allocator_(other.allocator_)
    {
    }
    posted_wait& operator=(posted_wait&&) = delete;
    ~posted_wait()
    {
        if (wait_ && !post_attempt::returns(wait_)) wait_->discard();
    }

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_; }

    void operator()() { std::exchange(wait_, nullptr)->deliver(); }

private:
    Wait* wait_; // null when moved from, or called
    [[no_unique_address]] Allocator allocator_;
};

} // namespace vmtask::detail
