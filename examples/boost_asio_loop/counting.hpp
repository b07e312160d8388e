// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <system_error>

/// A task that counts, for code which must not include the engine's headers.
///
/// Thread safety: all members.
class counting {
public:
    explicit counting(int steps);
    ~counting();
    counting(const counting&) = delete;
    counting& operator=(const counting&) = delete;

    /// Calls `ended` once, on a thread of the engine, when the task has ended.
    void when_ended(std::function<void(std::error_code)> ended) const;
    void request_cancel() const;
    [[nodiscard]] int percent() const;
    /// The number, when the task has succeeded; else why it has not.
    [[nodiscard]] std::string outcome() const;
    [[nodiscard]] bool has_succeeded() const;

private:
    struct parts;
    const std::unique_ptr<parts> parts_;
};
