// SPDX-License-Identifier: BSL-1.0
//
// Posts and cancels of journalled tasks: what waits for the journal's receipt, with a
// thread or without.
#include "task/journal_requests.hpp"

#include "base/engine_core.hpp"
#include "run/reaper.hpp"
#include "run/scheduler.hpp"
#include "task/posting.hpp"
#include "tell/journal.hpp"
#include "wait/blocking_waiter.hpp"

#include <vmtask/async_wait.hpp>
#include <vmtask/detail/async_post.hpp>
#include <vmtask/error.hpp>

#include <exception>
#include <string>
#include <utility>

namespace vmtask::detail {
namespace {

/// A call for whose answer a thread waits, as a node on its stack.
class blocking_call final : public journal_call {
public:
    using journal_call::journal_call;

    /// After the offer.
    [[nodiscard]] std::error_code wait() noexcept
    {
        if (!is_answered()) (void)thread_.wait();
        return answer();
    }

private:
    void go_on() noexcept override { thread_.complete(wait_outcome::completed); }

    blocking_waiter thread_{deadline_never};
};

void offer_post(const task_record& posted, journal_call& call) noexcept
{
    offer_to_journal(posted, call, [](task_journal& journal, const journal_entry& entry, journal_receipt receipt) {
        journal.posted(entry, std::move(receipt));
    });
}

void offer_cancel(const task_record& cancelled, std::string_view by, journal_call& call) noexcept
{
    offer_to_journal(cancelled, call, [by](task_journal& journal, const journal_entry& entry, journal_receipt receipt) {
        journal.cancel_requested(entry, by, std::move(receipt));
    });
}

/// A post has its answer. Throws when it is not to be let in.
void require_kept(task_record& posted, std::error_code answer)
{
    const bool is_open = posted.core().scheduler.resume_post();
    if (!answer && is_open) return;
    if (!answer) tell_journal(posted, &task_journal::withdrawn);
    give_up_post(posted);
    throw std::system_error(answer ? answer : make_error_code(errc::shutting_down));
}

} // namespace

std::error_code offer_cancel(const task_record& cancelled, std::string_view by)
{
    blocking_call call(cancelled.core());
    offer_cancel(cancelled, by, call);
    return call.wait();
}

void post_durably(task_record& posted)
{
    blocking_call call(posted.core());
    posted.core().scheduler.suspend_post();
    offer_post(posted, call);
    require_kept(posted, call.wait());
}

/// A request for whose answer nobody's thread waits. It refers to itself until it has
/// been carried out, which the reaper does.
class pending_request : public journal_request, public journal_call, public reaper::job {
public:
    explicit pending_request(task_record& record) noexcept : journal_call(record.core()), record_(&record) {}

    void offer_as(std::shared_ptr<pending_request> self) noexcept
    {
        self_ = std::move(self);
        // The engine does not go before: what follows may be told to the journal, which
        // must not be so on its own thread.
        is_inside_ = core().journal.enter() != nullptr;
        offer();
        if (is_answered()) run();
    }

    /// What needs no journal is answered at once.
    void answer_with(std::error_code error) noexcept
    {
        error_ = error;
        tell();
    }

    [[nodiscard]] bool add_waiter(waiter& added, give_up_handler* give_up) noexcept override
    {
        const mutex_guard lock(record_->mutex_);
        if (is_over_) return false;
        record_->list_waiter_locked(added, waiters_, give_up);
        return true;
    }

protected:
    [[nodiscard]] task_record& record() const noexcept { return *record_; }

private:
    virtual void offer() noexcept = 0;
    /// With the answer of the journal.
    virtual void carry_out() noexcept = 0;

    void go_on() noexcept override { core().reaper.add(*this); }

    void run() noexcept override
    {
        const std::shared_ptr<pending_request> kept = std::move(self_);
        carry_out();
        tell();
        if (is_inside_) core().journal.leave();
    }

    void tell() noexcept
    {
        {
            const mutex_guard lock(record_->mutex_);
            is_over_ = true;
        }
        record_->tell_waiters(&waiters_);
    }

    const intrusive_ptr<task_record> record_;
    std::shared_ptr<pending_request> self_;
    bool is_inside_ = false;
    waiter_list waiters_;  // guarded by the task's lock
    bool is_over_ = false; // guarded by the task's lock
};

class pending_post final : public pending_request {
public:
    using pending_request::pending_request;

private:
    void offer() noexcept override { offer_post(record(), *this); }

    void carry_out() noexcept override
    {
        try {
            require_kept(record(), answer());
            posted_ = let_in(record());
            if (!posted_) posted_ = share(record());
        } catch (...) {
            failure_ = std::current_exception();
        }
        // Who waits for the answer keeps the task that was not posted, but not its body.
        if (posted_.get() != &record()) record().drop_body();
    }
};

class pending_cancel final : public pending_request {
public:
    pending_cancel(task_record& cancelled, std::string_view by) : pending_request(cancelled), by_(by) {}

    [[nodiscard]] static std::shared_ptr<journal_request> begin(task_record& cancelled, std::string_view by)
    {
        const auto begun = std::make_shared<pending_cancel>(cancelled, by);
        if (!cancelled.is_journalled()) begun->answer_with(cancelled.request_cancel(by));
        else if (const std::error_code refusal = cancelled.refusal_of_cancel()) begun->answer_with(refusal);
        else if (cancelled.has_kept_cancel()) begun->answer_with({});
        else begun->offer_as(begun);
        return begun;
    }

private:
    void offer() noexcept override { offer_cancel(record(), by_, *this); }

    void carry_out() noexcept override
    {
        error_ = answer();
        if (error_) return;
        const auto asked = record().ask_to_cancel(by_, cancel_origin::caller, &status_word::request_cancel);
        error_ = record().carry_out_cancel_elsewhere(asked);
        if (error_) tell_journal(record(), &task_journal::cancel_withdrawn);
    }

    const std::string by_;
};

std::shared_ptr<journal_request> begin_post(task_record& posted)
{
    std::shared_ptr<pending_request> begun;
    try {
        begun = std::make_shared<pending_post>(posted);
    } catch (...) {
        give_up_post(posted);
        throw;
    }
    posted.core().scheduler.suspend_post();
    begun->offer_as(begun);
    return begun;
}

std::shared_ptr<journal_request> begin_cancel(task_record& cancelled, std::string_view by)
{
    return pending_cancel::begin(cancelled, by);
}

// --- Answers ---

std::error_code verdict_of(const journal_request& cancel) noexcept
{
    return cancel.error();
}

std::exception_ptr failure_of(const journal_request& post) noexcept
{
    return post.failure();
}

intrusive_ptr<task_record> posted_by(const journal_request& post) noexcept
{
    return post.posted();
}

} // namespace vmtask::detail
