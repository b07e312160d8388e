// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/patience.hpp"

#include <vmtask/error.hpp>
#include <vmtask/task_context.hpp>
#include <vmtask/task_journal.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/task_outcome.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace vmtask::test {

/// A journal that keeps what it is told as words, and does with its receipts what a
/// test wants. Declare it before the engine.
class fake_journal final : public task_journal {
public:
    /// What becomes of a receipt.
    enum class answer { at_once, held, fails, dropped, by_thread };

    fake_journal() = default;
    ~fake_journal() override
    {
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    /// From now on, for posts, cancels and ends; set them before these come.
    void answer_posts(answer how) { set(posts_, how); }
    void answer_cancels(answer how) { set(cancels_, how); }
    void answer_ends(answer how) { set(ends_, how); }

    /// Waits until it has been told `word`; false when patience ran out first.
    [[nodiscard]] bool was_told(const std::string& word)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience,
                                 [&] { return std::find(told_.begin(), told_.end(), word) != told_.end(); });
    }
    [[nodiscard]] std::vector<std::string> told() const
    {
        const std::lock_guard lock(mutex_);
        return told_;
    }

    /// Completes those that are held, the oldest first, on a thread of its own.
    void release(std::error_code error = {})
    {
        std::deque<journal_receipt> released;
        {
            const std::lock_guard lock(mutex_);
            released.swap(held_);
        }
        std::thread([&] {
            for (journal_receipt& each : released) each.complete(error);
        }).join();
    }
    [[nodiscard]] std::size_t held() const
    {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }

    /// What the journal says when it fails.
    static std::error_code failure() { return std::make_error_code(std::errc::no_space_on_device); }

private:
    void set(answer& which, answer how)
    {
        const std::lock_guard lock(mutex_);
        which = how;
        if (how == answer::by_thread && !thread_.joinable()) thread_ = std::thread([this] { answer_late(); });
    }

    void note(const std::string& word)
    {
        {
            const std::lock_guard lock(mutex_);
            told_.push_back(word);
        }
        changed_.notify_all();
    }

    void keep(const answer& which, std::string word, journal_receipt receipt)
    {
        const std::lock_guard lock(mutex_);
        told_.push_back(std::move(word));
        switch (which) {
        case answer::at_once: receipt.complete(); break;
        case answer::held: held_.push_back(std::move(receipt)); break;
        case answer::fails: receipt.complete(failure()); break;
        case answer::dropped: break;
        case answer::by_thread: late_.push_back(std::move(receipt)); break;
        }
        changed_.notify_all();
    }

    void answer_late()
    {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [&] { return is_over_ || !late_.empty(); });
            if (late_.empty()) return;
            // Under the lock, which the contract allows.
            late_.front().complete();
            late_.pop_front();
        }
    }

    static std::string name(const journal_entry& task) { return std::string(task.parameters) + " "; }

    void posted(const journal_entry& task, journal_receipt receipt) noexcept override
    {
        keep(posts_, name(task) + "posted", std::move(receipt));
    }
    void withdrawn(const journal_entry& task) noexcept override { note(name(task) + "withdrawn"); }
    void cancel_requested(const journal_entry& task, std::string_view by, journal_receipt receipt) noexcept override
    {
        keep(cancels_, name(task) + "cancel by " + std::string(by), std::move(receipt));
    }
    void cancel_withdrawn(const journal_entry& task) noexcept override { note(name(task) + "cancel withdrawn"); }
    void began(const journal_entry& task) noexcept override { note(name(task) + "began"); }
    void paused(const journal_entry& task) noexcept override { note(name(task) + "paused"); }
    void resumed(const journal_entry& task) noexcept override { note(name(task) + "resumed"); }
    void attempt_failed(const journal_entry& task, std::error_code) noexcept override
    {
        note(name(task) + "attempt failed");
    }
    void ended(const journal_entry& task, const task_outcome& outcome, bool by_shutdown,
               journal_receipt receipt) noexcept override
    {
        const std::string state(to_string(outcome.state));
        keep(ends_, name(task) + state + (by_shutdown ? " by shutdown" : ""), std::move(receipt));
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // All guarded by mutex_.
    std::vector<std::string> told_;
    std::deque<journal_receipt> held_;
    std::deque<journal_receipt> late_;
    answer posts_ = answer::at_once;
    answer cancels_ = answer::at_once;
    answer ends_ = answer::at_once;
    bool is_over_ = false;
    std::thread thread_;
};

/// A kind, and the name by which the fake journal tells of the task.
[[nodiscard]] inline task_options journalled(const std::string& name)
{
    return {.kind = "test", .parameters = name};
}

inline void nothing(task_context&) {}

} // namespace vmtask::test
