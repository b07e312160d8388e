// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/task_priority.hpp>

#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

namespace vmtask {

struct task_outcome;

namespace detail {

class journal_call;

} // namespace detail

/// What a journal is told of a task, as task_options said. Valid during the call.
struct journal_entry {
    std::uint64_t id;
    /// Never empty: with the parameters it says how to make the task again.
    std::string_view kind;
    /// Text or bytes; the engine does not look into them.
    std::string_view parameters;
    std::string_view description;
    std::string_view initiator;
    std::string_view reason;
    std::string_view tag;
    std::string_view lane;
    task_priority priority;
    /// The id of the task that it is a part of, journalled or not; 0 for none.
    std::uint64_t parent;
};

/// By which a journal says, once, that what it was offered is kept; somebody waits
/// for that. One that is dropped says errc::not_journalled.
///
/// An empty receipt, such as one moved from, may only be destroyed or assigned to.
/// Thread safety: none, but it may be completed on any thread.
class journal_receipt {
public:
    journal_receipt() noexcept = default;
    explicit journal_receipt(detail::journal_call& call) noexcept : call_(&call) {}
    journal_receipt(journal_receipt&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    journal_receipt& operator=(journal_receipt&& other) noexcept
    {
        journal_receipt gone(std::move(*this));
        call_ = std::exchange(other.call_, nullptr);
        return *this;
    }
    ~journal_receipt();

    /// True unless the receipt is empty, so that it is still to be completed.
    [[nodiscard]] explicit operator bool() const noexcept { return call_ != nullptr; }

    /// Says that it is kept, or why not; the receipt is empty then. Takes a moment,
    /// needs no memory, and runs no code but the engine's own: no handler, no
    /// observer and no call of the journal's. So it may be called under the journal's
    /// own locks, and within the call that brought the receipt.
    void complete(std::error_code error = {}) noexcept;

private:
    detail::journal_call* call_ = nullptr;
};

/// What tasks are journalled by: derive from it, and give it to
/// `engine_options::journal`. It is offered those tasks alone whose
/// `task_options::parameters` are set.
///
/// Each member is called where the thing happens, on the thread that does it. No
/// lock of the engine is held. Calls for different tasks come at the same time;
/// for one task they come in this order: posted; then either withdrawn, or began,
/// paused, resumed and attempt_failed as often as it happens, and ended, once. A
/// cancel may be requested at any time between posted and the end, and be offered
/// even a moment after ended. All calls have returned when the engine is gone, and
/// all receipts are completed by then.
///
/// What comes with a receipt is kept first and answered afterwards: who posts or
/// cancels waits for it, and so does who waits for the task. The engine waits for
/// it as long as it takes: what has no receipt does not get on, and an engine does not
/// go before. So a journal must not need the engine, or threads of the engine, to
/// complete one.
///
/// None must throw, which the compiler sees to (an exception within is
/// std::terminate), nor wait for a task.
class task_journal {
public:
    virtual ~task_journal() = default;
    task_journal() = default;
    task_journal(const task_journal&) = delete;
    task_journal& operator=(const task_journal&) = delete;

    /// Somebody posts a task. It neither begins nor is seen before the receipt. With
    /// an error there it was not posted: the poster gets that, and no further call
    /// follows.
    virtual void posted(const journal_entry& task, journal_receipt receipt) noexcept = 0;
    /// A post that was kept was refused after that, or joined to another task:
    /// there is no such task.
    virtual void withdrawn(const journal_entry&) noexcept {}

    /// A caller asks the task to cancel, who may have said who he is. Nothing is
    /// cancelled before the receipt, and nothing at all with an error there: the
    /// caller gets that. May come more than once for a task.
    ///
    /// Cancels by the engine itself are not offered: by a whole, a time limit, a
    /// stop token, a later task, a shutdown.
    virtual void cancel_requested(const journal_entry& task, std::string_view by, journal_receipt receipt) noexcept = 0;
    /// The task could not be cancelled any more when that was kept: it has ended, or
    /// passed its point of no return, and the caller was told so.
    virtual void cancel_withdrawn(const journal_entry&) noexcept {}

    /// Its body is about to be called, once for each attempt. Nobody waits for this
    /// and what follows to be kept.
    virtual void began(const journal_entry&) noexcept {}
    /// Its body stays in a checkpoint.
    virtual void paused(const journal_entry&) noexcept {}
    /// It goes on, perhaps to be cancelled.
    virtual void resumed(const journal_entry&) noexcept {}
    /// Its body has failed, and is to be called again, unless a cancel comes before.
    virtual void attempt_failed(const journal_entry&, std::error_code) noexcept {}

    /// The task ends so. Its body is destroyed and what it claimed is free; nobody
    /// sees the end before the receipt. Without memory the outcome says its state and
    /// code, and no more.
    ///
    /// With an error in the receipt the journal gives up: the end is told all the
    /// same, as it was, and the outcome has a warning that it was not kept. A journal
    /// that may still succeed completes the receipt later.
    ///
    /// `by_shutdown` says that the task ends only because its engine is going, and
    /// was not asked to by anybody: cancelled by the shutdown, or failed for
    /// something that it needed and that was cancelled so. Such an end need not be
    /// kept: the task may be made again when there is another engine.
    virtual void ended(const journal_entry& task, const task_outcome& outcome, bool by_shutdown,
                       journal_receipt receipt) noexcept = 0;
};

} // namespace vmtask
