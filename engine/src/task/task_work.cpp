// SPDX-License-Identifier: BSL-1.0
//
// What the templates of the public headers do to a record.
#include <vmtask/detail/task_work.hpp>

#include "record/task_record.hpp"

#include <utility>

namespace vmtask::detail {

// --- The record ---

void add_reference(task_record& record) noexcept
{
    record.add_reference();
}

void release_reference(task_record& record) noexcept
{
    record.release_reference();
}

engine_core& core_of(const task_record& record) noexcept
{
    return record.core();
}

bool has_ended(const task_record& record) noexcept
{
    return record.ended();
}

bool is_asked_to_cancel(const task_record& record) noexcept
{
    return record.cancel_requested();
}

bool needs_checkpoint(const task_record& record) noexcept
{
    return record.needs_checkpoint();
}

void require_success(const task_record& record)
{
    record.require_success();
}

task_work& work_of(task_record& record) noexcept
{
    return record.work();
}

// --- The work ---

task_record& task_work::record() const noexcept
{
    return task_record::record_of(*this);
}

task_state task_work::state() const noexcept
{
    return record().state();
}

void task_work::launch() noexcept
{
    record().make_ready();
}

bool task_work::start_elsewhere() noexcept
{
    return record().start_elsewhere();
}

void task_work::end(std::exception_ptr failure) noexcept
{
    const intrusive_ptr<task_record> kept = share(record());
    if (kept->end(std::move(failure))) kept->retire();
    // What a body began and left behind may be a checkpoint.
    kept->let_paused_go();
}

void task_work::end_abandoned() noexcept
{
    const intrusive_ptr<task_record> kept = share(record());
    if (kept->end_abandoned()) kept->retire();
    kept->let_paused_go();
}

void task_work::keep_value() noexcept
{
    record().keep_value();
}

// --- Making ---

unmade_task::unmade_task(engine_core& core, std::uint64_t id, task_options* options, block_layout work)
    : record_(task_record::make(core, id, options, work)), work_(work)
{
}

unmade_task::~unmade_task()
{
    if (record_) record_->unmake(work_);
}

void* unmade_task::place() const noexcept
{
    return record_->place_of_work();
}

intrusive_ptr<task_record> unmade_task::release() noexcept
{
    record_->complete_making();
    return {std::exchange(record_, nullptr), adopt_reference};
}

} // namespace vmtask::detail
