// SPDX-License-Identifier: BSL-1.0
//
// Tasks that are parts of another, which ends after them.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "gate/task_terms.hpp"
#include "gate/waiting_room.hpp"
#include "run/scheduler.hpp"
#include "run/worker_pool.hpp"

#include <vmtask/error.hpp>

#include <cstddef>
#include <utility>

namespace vmtask::detail {

bool task_record::add_part(task_record& added)
{
    const mutex_guard lock(mutex_);
    task_extras& more = extras_locked();
    const bool is_over = more.end_after_parts != task_state::queued && more.parts == 0;
    if (is_over || !status_.note_part()) return false;
    added.terms()->previous_part = more.last_part;
    (more.last_part ? more.last_part->terms()->next_part : more.first_part) = &added;
    more.last_part = &added;
    ++more.parts;
    return true;
}

void task_record::remove_part_locked(task_record& removed) noexcept
{
    task_terms& links = *removed.terms();
    (links.previous_part ? links.previous_part->terms()->next_part : extras_now()->first_part) = links.next_part;
    (links.next_part ? links.next_part->terms()->previous_part : extras_now()->last_part) = links.previous_part;
    links.next_part = nullptr;
    links.previous_part = nullptr;
    --extras_now()->parts;
}

/// True when there are some; the last of them to end publishes the end then.
bool task_record::parts_go_on(task_state terminal) noexcept
{
    {
        const mutex_guard lock(mutex_);
        extras_now()->end_after_parts = terminal;
        if (extras_now()->parts == 0) return false;
    }
    if (terminal != task_state::succeeded) cancel_parts();
    return true;
}

namespace {

/// Tasks that have been asked to stop and are to be told, in that order. Whoever is
/// the first to ask a task has it in his list, and nobody else.
class asked_tasks {
public:
    void add(task_terms& asked) noexcept
    {
        asked.task.add_reference();
        asked.next_cancelled = nullptr;
        (last_ ? last_->next_cancelled : first_) = &asked;
        last_ = &asked;
    }
    [[nodiscard]] task_terms* first() const noexcept { return first_; }
    [[nodiscard]] intrusive_ptr<task_record> pop() noexcept
    {
        task_terms* const popped = first_;
        if (!popped) return {};
        first_ = popped->next_cancelled;
        return {&popped->task, adopt_reference};
    }

private:
    task_terms* first_ = nullptr;
    task_terms* last_ = nullptr;
};

} // namespace

/// Asks all parts to stop, and theirs, and so on, before any of them is told: one
/// that ends by that finds its own parts asked already. So however deep they are
/// nested, the calls are not.
void task_record::cancel_parts() noexcept
{
    if (!status_.has_parts()) return;
    asked_tasks asked;
    const auto ask_parts_of = [&](task_record& whole) {
        for (std::size_t left = whole.parts_left(); left > 0; --left) {
            const intrusive_ptr<task_record> part = whole.next_part_to_tell();
            if (!part) return;
            const auto answer = part->ask_to_cancel({}, cancel_origin::parent, &status_word::request_cancel);
            const bool is_ours =
                answer == status_word::cancel_answer::requested || answer == status_word::cancel_answer::claimed;
            if (is_ours) asked.add(*part->terms());
        }
    };
    ask_parts_of(*this);
    // The list grows at its end while we walk it.
    for (task_terms* each = asked.first(); each; each = each->next_cancelled)
        if (each->task.has_parts()) ask_parts_of(each->task);
    while (const intrusive_ptr<task_record> told = asked.pop()) told->carry_out_own_cancel();
}

std::size_t task_record::parts_left() const noexcept
{
    const mutex_guard lock(mutex_);
    return extras_now() ? extras_now()->parts : 0;
}

/// Each is told once: those that are told go to the end of the line.
intrusive_ptr<task_record> task_record::next_part_to_tell() noexcept
{
    const mutex_guard lock(mutex_);
    task_record* const first = extras_now()->first_part;
    if (!first) return {};
    if (extras_now()->last_part != first) {
        remove_part_locked(*first);
        first->terms()->previous_part = extras_now()->last_part;
        extras_now()->last_part->terms()->next_part = first;
        extras_now()->last_part = first;
        ++extras_now()->parts;
    }
    return share(*first);
}

/// A part, with all its own, has ended. True when this task was waiting for
/// that and is to be published now.
bool task_record::part_ended(task_record& part) noexcept
{
    const mutex_guard lock(mutex_);
    remove_part_locked(part);
    if (part.state() == task_state::cancelled) extras_now()->part_cancelled = true;
    return extras_now()->parts == 0 && extras_now()->end_after_parts != task_state::queued;
}

/// The body's verdict holds, unless a cancel has come after it and stopped a
/// part of the work.
task_state task_record::verdict_after_parts() noexcept
{
    const mutex_guard lock(mutex_);
    const task_state verdict = extras_now()->end_after_parts;
    if (verdict != task_state::succeeded || !cancel_requested() || !extras_now()->part_cancelled) return verdict;
    set_error(errc::cancelled);
    return task_state::cancelled;
}

/// Ends each whole whose last part this was.
void task_record::tell_wholes() noexcept
{
    intrusive_ptr<task_record> ended = share(*this);
    while (ended->terms() && ended->terms()->parent) {
        intrusive_ptr<task_record> whole = ended->terms()->parent;
        if (!whole->part_ended(*ended)) return;
        const task_state verdict = whole->verdict_after_parts();
        if (!whole->publish_alone(verdict)) return;
        whole->retire();
        ended = std::move(whole);
    }
}

} // namespace vmtask::detail
