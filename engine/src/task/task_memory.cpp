// SPDX-License-Identifier: BSL-1.0
//
// How a task is made, and how it goes: one allocation, and the references to it.
#include "record/task_record.hpp"

#include "base/engine_core.hpp"
#include "base/engine_thread.hpp"
#include "gate/task_terms.hpp"
#include "run/reaped_tasks.hpp"
#include "run/scheduler.hpp"
#include "task/valid_options.hpp"
#include "time/coarse_clock.hpp"

#include <vmtask/detail/block_memory.hpp>
#include <vmtask/task_options.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace vmtask::detail {
namespace {

/// Whether the options ask for more than a place in the queue.
bool has_terms(const task_options& options) noexcept
{
    return !options.kind.empty() || !options.initiator.empty() || !options.reason.empty() || !options.lane.empty()
        || !options.claims.empty() || options.when_busy != when_busy::queue || !options.after.empty() || options.parent
        || !options.limits.empty() || options.retry || options.not_before || !options.tag.empty()
        || options.stop.stop_possible() || options.priority != task_priority::normal;
}

} // namespace

task_record::task_record(engine_core& core, std::uint64_t id) noexcept
    : core_(core), id_(id), status_(true), began_at_(coarse_now()), queued_at_(began_at_)
{
}

task_record::task_record(engine_core& core, std::uint64_t id, task_options&& options)
    : core_(core),
      id_(id),
      status_(require_valid(options).cancelable),
      began_at_(coarse_now()),
      queued_at_(began_at_),
      priority_(options.priority)
{
    std::unique_ptr<task_extras> extras;
    if (!options.description.empty()) {
        extras = std::make_unique<task_extras>();
        extras->description = std::move(options.description);
    }
    const bool is_held = options.held;
    annex_.begin(has_terms(options) ? std::make_unique<task_terms>(*this, std::move(options)) : nullptr,
                 std::move(extras));
    if (is_held) (void)pause();
}

task_record::~task_record() = default;

// --- Making ---

namespace {

/// The work has to begin right behind the record, so what it needs beyond the record's
/// alignment is left free before that.
std::size_t bytes_before(block_layout work) noexcept
{
    return (sizeof(task_record) + work.alignment - 1) / work.alignment * work.alignment;
}

bool is_over_aligned(block_layout work) noexcept
{
    return work.alignment > alignof(task_record);
}

/// Tasks are made on one thread and destroyed on another: mostly from the block pool.
void* allocate_for(block_layout work)
{
    const std::size_t size = bytes_before(work) + work.size;
    return is_over_aligned(work) ? ::operator new(size, std::align_val_t(work.alignment)) : allocate_block(size);
}

void free_behind(task_record& record, block_layout work) noexcept
{
    void* const block = static_cast<std::byte*>(record.place_of_work()) - bytes_before(work);
    if (is_over_aligned(work)) ::operator delete(block, std::align_val_t(work.alignment));
    else free_block(block, bytes_before(work) + work.size);
}

} // namespace

static_assert(sizeof(task_record) == 144,
              "what a queued task costs; a multiple of 16, so that the work follows without a gap");

task_record* task_record::make(engine_core& core, std::uint64_t id, task_options* options, block_layout work)
{
    void* const block = allocate_for(work);
    void* const place = static_cast<std::byte*>(block) + bytes_before(work) - sizeof(task_record);
    try {
        return options ? new (place) task_record(core, id, std::move(*options)) : new (place) task_record(core, id);
    } catch (...) {
        free_behind(*static_cast<task_record*>(place), work);
        throw;
    }
}

void task_record::complete_making() noexcept
{
    kind_ = work().kind();
}

void task_record::unmake(block_layout work) noexcept
{
    this->~task_record();
    free_behind(*this, work);
}

void task_record::destroy_whole(task_record& record) noexcept
{
    const block_layout work = record.work().layout();
    record.work().~task_work();
    record.unmake(work);
}

task_record& task_record::record_of(const task_work& work) noexcept
{
    // Its first base, so that it stands where the whole of the work does.
    return reinterpret_cast<task_record*>(const_cast<task_work*>(&work))[-1];
}

// --- References ---

bool task_record::try_add_reference() noexcept
{
    std::uint32_t seen = references_.load(std::memory_order_relaxed);
    while (count_of(seen) != 0)
        if (references_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) return true;
    return false;
}

/// Nobody has a handle any more, so that nobody can ask for the value: it goes
/// before the record, which may be listed for long.
void task_record::release_last_but_one() noexcept
{
    switch (core_.scheduler.release_handle(*this)) {
    case scheduler::release_answer::value_withheld:
        destroy_value();
        if (drop_reference()) dispose();
        break;
    case scheduler::release_answer::released: break;
    case scheduler::release_answer::released_last: dispose(); break;
    }
}

void task_record::dispose() noexcept
{
    const engine_thread* const here = this_engine_thread();
    // No code of the user's runs there, not even the destructor of a result.
    if (here && here->kind == thread_kind::timer_loop) return core_.reaped.destroy(*this);
    destroy();
}

/// A part is often the last that refers to its whole, and that to its own: so they
/// go one after the other, and not one inside the other.
void task_record::destroy() noexcept
{
    assert_no_lock_held("a result is destroyed");
    for (task_record* going = this; going;) {
        engine_core& core = going->core_;
        task_record* const whole = going->terms() ? going->terms()->parent.release() : nullptr;
        destroy_whole(*going);
        core.forget_task();
        going = nullptr;
        if (whole && whole->drop_reference()) going = whole;
    }
}

} // namespace vmtask::detail
