// SPDX-License-Identifier: BSL-1.0
//
// What the templates of asynchronous operations do to the library's part of one.
#include <vmtask/detail/completion.hpp>

#include "base/ranked_mutex.hpp"
#include "record/task_record.hpp"
#include "wait/event_wait.hpp"
#include "wait/joint_wait.hpp"
#include "wait/task_wait.hpp"

#include <vmtask/error.hpp>

#include <memory>
#include <new>
#include <utility>

namespace vmtask::detail {

std::optional<std::error_code> refusal_of(const wait_target& target) noexcept
{
    switch (target.kind) {
    case wait_target_kind::end:
    case wait_target_kind::resumption:
    case wait_target_kind::answer:
        if (!target.task) return errc::no_task;
        break;
    case wait_target_kind::all:
        if (target.tasks.lack_a_task()) return errc::no_task;
        if (target.tasks.records().empty()) return std::error_code(); // all of no tasks have ended
        break;
    case wait_target_kind::any:
        if (target.tasks.lack_a_task() || target.tasks.records().empty()) return errc::no_task;
        break;
    case wait_target_kind::events: break;
    }
    return std::nullopt;
}

namespace {

/// Whether what is waited for has happened already.
bool has_happened(const wait_target& target, wait_result& result) noexcept
{
    switch (target.kind) {
    case wait_target_kind::end: return target.task->ended();
    case wait_target_kind::resumption: return !target.task->needs_checkpoint();
    case wait_target_kind::all: return is_complete(wait_kind::all, target.tasks.records(), result.index);
    case wait_target_kind::any: return is_complete(wait_kind::any, target.tasks.records(), result.index);
    case wait_target_kind::answer:
    case wait_target_kind::events: break;
    }
    return false;
}

} // namespace

bool is_over(const wait_target& target, wait_result& result) noexcept
{
    if (!has_happened(target, result)) {
        if (target.deadline != deadline_now) return false;
        result.error = errc::timed_out;
    }
    assert_no_lock_held("a handler is posted"); // as it is right after this
    return true;
}

engine_core& core_of(const wait_target& target) noexcept
{
    if (target.reader) return target.reader->core();
    return (target.task ? target.task.get() : target.tasks.records().front())->core();
}

engine_core* core_behind(const wait_target& target, const asio::execution_context* context) noexcept
{
    if (target.reader) return if_loop_in(target.reader->core(), context);
    if (target.task) return if_loop_in(target.task->core(), context);
    for (task_record* const each : target.tasks.records())
        if (engine_core* const found = if_loop_in(each->core(), context)) return found;
    return nullptr;
}

std::size_t size_of_pending(const wait_target& target) noexcept
{
    switch (target.kind) {
    case wait_target_kind::end:
    case wait_target_kind::resumption: return sizeof(task_wait);
    case wait_target_kind::answer: return sizeof(answer_wait);
    case wait_target_kind::all:
    case wait_target_kind::any: return joint_wait::size_for(target.tasks.records().size());
    case wait_target_kind::events: break;
    }
    return sizeof(event_wait);
}

namespace {

template <class Wait>
pending_wait& make(void* place, wait_target&& target, completion& told)
{
    static_assert(alignof(Wait) <= alignof(std::max_align_t));
    return *new (place) Wait(std::move(target), told);
}

pending_wait& make_of_kind(void* place, wait_target&& target, completion& told)
{
    switch (target.kind) {
    case wait_target_kind::end:
    case wait_target_kind::resumption: return make<task_wait>(place, std::move(target), told);
    case wait_target_kind::answer: return make<answer_wait>(place, std::move(target), told);
    case wait_target_kind::all:
    case wait_target_kind::any: return make<joint_wait>(place, std::move(target), told);
    case wait_target_kind::events: break;
    }
    return make<event_wait>(place, std::move(target), told);
}

} // namespace

pending_wait& make_pending(void* place, wait_target&& target, completion& told, asio::execution_context* context,
                           bool is_bare)
{
    const bool is_read = target.kind == wait_target_kind::events;
    pending_wait& made = make_of_kind(place, std::move(target), told);
    try {
        // A reader's many batches in a row must not keep others from the event loop.
        made.place_in(context, is_bare && !is_read);
    } catch (...) {
        destroy(made);
        throw;
    }
    return made;
}

void destroy(pending_wait& made) noexcept
{
    std::destroy_at(&made);
}

bool needs_work(const pending_wait& made) noexcept
{
    return made.needs_work();
}

void begin(pending_wait& made, give_up_handler* give_up) noexcept
{
    made.begin(give_up);
}

void abandon(pending_wait& begun) noexcept
{
    begun.abandon();
}

settled_wait settle(pending_wait& over, bool is_called) noexcept
{
    if (is_called) assert_no_lock_held("a handler runs");
    return over.settle(is_called);
}

// --- Giving up ---

give_up_handler::give_up_handler(pending_wait& wait) noexcept
{
    wait.name_to(*this);
}

give_up_handler::~give_up_handler()
{
    if (record_) record_->sever(*this);
}

void give_up_handler::operator()(asio::cancellation_type) noexcept
{
    if (record_) record_->give_up(*this);
    else reader_->give_up(ticket_);
}

} // namespace vmtask::detail
