// SPDX-License-Identifier: BSL-1.0
#include "wait/wait_set.hpp"

#include "base/engine_core.hpp"
#include "base/process_mark.hpp"
#include "record/task_record.hpp"
#include "wait/blocked_scope.hpp"
#include "wait/blocking_waiter.hpp"

#include <vmtask/error.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <vector>

namespace vmtask::detail {

void wait_set::begin(std::span<task_record* const> tasks, member* places, give_up_handler* give_up) noexcept
{
    members_ = places;
    can_be_given_up_ = give_up != nullptr;
    missing_.store(kind_ == wait_kind::all ? tasks.size() : 1, std::memory_order_relaxed);
    held_.store(1 + tasks.size() + (give_up ? 1 : 0), std::memory_order_relaxed);
    if (give_up) tasks.front()->tie(*give_up, anchor_);
    while (listed_ < tasks.size() && outcome() == wait_outcome::pending) {
        member& added = *std::construct_at(places + listed_, *this, listed_, deadline_of(listed_));
        // Counted first: its end may be heard at once, but not yet acted upon.
        ++listed_;
        if (!tasks[listed_ - 1]->add_waiter(added)) added.complete(wait_outcome::completed);
    }
    const std::size_t never_listed = tasks.size() - listed_;
    meet();
    release(1 + never_listed);
}

/// The first task of a wait for any has its time-out, too: no other end of that
/// task's waiter leaves the wait going on.
steady_time wait_set::deadline_of(std::size_t index) const noexcept
{
    return kind_ == wait_kind::any && index > 0 ? deadline_never : deadline_;
}

void wait_set::hear(wait_outcome outcome, std::size_t index) noexcept
{
    if (outcome != wait_outcome::completed) {
        decide(outcome);
    } else if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        index_ = index;
        decide(wait_outcome::completed);
    }
    release(1);
}

void wait_set::decide(wait_outcome outcome) noexcept
{
    wait_outcome undecided = wait_outcome::pending;
    if (outcome_.compare_exchange_strong(undecided, outcome, std::memory_order_acq_rel)) meet();
}

void wait_set::give_up() noexcept
{
    // Held like by a member that is still to be heard, so as not to end it twice.
    std::size_t held = held_.load(std::memory_order_relaxed);
    do {
        if (held == 0) return;
    } while (!held_.compare_exchange_weak(held, held + 1, std::memory_order_acq_rel));
    decide(wait_outcome::given_up);
    release(1);
}

/// Called once by begin() and once by who decides. The second takes back what
/// is listed: before, it is not known what that is.
void wait_set::meet() noexcept
{
    if (met_.exchange(true, std::memory_order_acq_rel)) withdraw_members();
}

void wait_set::withdraw_members() noexcept
{
    std::size_t withdrawn = 0;
    for (std::size_t i = 0; i < listed_; ++i) {
        if (members_[i].withdraw()) ++withdrawn;
    }
    if (can_be_given_up_ && anchor_.withdraw()) ++withdrawn;
    release(withdrawn);
}

void wait_set::release(std::size_t count) noexcept
{
    if (held_.fetch_sub(count, std::memory_order_acq_rel) == count) finished();
}

bool is_complete(wait_kind kind, std::span<task_record* const> tasks, std::size_t& index) noexcept
{
    const auto has_ended = [](const task_record* task) { return task->ended(); };
    if (kind == wait_kind::all) return std::ranges::all_of(tasks, has_ended);
    const auto ended = std::ranges::find_if(tasks, has_ended);
    if (ended == tasks.end()) return false;
    index = static_cast<std::size_t>(ended - tasks.begin());
    return true;
}

namespace {

/// A thread that waits for several tasks, on its own stack.
class blocking_wait_set final : public wait_set {
public:
    blocking_wait_set(wait_kind kind, steady_time deadline) noexcept : wait_set(kind, deadline) {}

    /// Blocks until the wait has come to its end.
    [[nodiscard]] wait_outcome wait(std::size_t& decisive) noexcept
    {
        const wait_outcome outcome = signal_.wait();
        decisive = index();
        return outcome;
    }

private:
    void finished() noexcept override { signal_.complete(outcome()); }

    blocking_waiter signal_{deadline_never}; // with no task: only to sleep in
};

/// Room for the members of a wait: on the stack while they are few.
class member_places {
public:
    explicit member_places(std::size_t count)
    {
        if (count > few_.size()) many_.resize(count);
    }
    [[nodiscard]] wait_set::member* begin() noexcept
    {
        return reinterpret_cast<wait_set::member*>(many_.empty() ? few_.data() : many_.data());
    }

private:
    struct alignas(wait_set::member) place {
        std::byte bytes[sizeof(wait_set::member)];
    };
    static_assert(std::is_trivially_destructible_v<wait_set::member>);

    std::array<place, 8> few_;
    std::vector<place> many_;
};

/// True when the wait cannot end because its tasks were the parent's; see
/// vmtask::engine.
bool is_left_behind(wait_kind kind, std::span<task_record* const> tasks) noexcept
{
    const auto never_ends = [](const task_record* task) {
        return !task->ended() && task->core().process.is_left_behind();
    };
    return kind == wait_kind::all ? std::ranges::any_of(tasks, never_ends) : std::ranges::all_of(tasks, never_ends);
}

wait_outcome block(wait_kind kind, std::span<task_record* const> tasks, steady_time deadline, std::size_t& index)
{
    member_places places(tasks.size());
    blocking_wait_set set(kind, deadline);
    set.begin(tasks, places.begin(), nullptr);
    return set.wait(index);
}

} // namespace

wait_status wait_until(wait_kind kind, const awaited_tasks& tasks, steady_time deadline, std::size_t& index)
{
    if (tasks.lack_a_task()) throw std::system_error(errc::no_task);
    const std::span<task_record* const> records = tasks.records();
    if (records.empty() && kind == wait_kind::any) throw std::system_error(errc::no_task);
    if (is_complete(kind, records, index)) return wait_status::completed;
    if (deadline == deadline_now) return wait_status::timed_out;
    if (is_left_behind(kind, records)) return wait_status::would_deadlock;
    const blocked_scope blocked(kind, records, deadline);
    if (blocked.outcome() != blocked_scope::verdict::pending) return blocked.status();
    return block(kind, records, deadline, index) == wait_outcome::completed ? wait_status::completed
                                                                            : wait_status::timed_out;
}

} // namespace vmtask::detail
