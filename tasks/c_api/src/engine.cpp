// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/engine.h>

#include "guarded.hpp"
#include "handles.hpp"
#include "structs.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace c_api = vmtask::c_api;

namespace {

using task_owner = c_api::owner<vmtask_task>;

/// Ages that the clock could not add to now are as good as for ever.
std::chrono::steady_clock::duration age_of(std::int64_t milliseconds) noexcept
{
    constexpr std::chrono::hours for_ever{24 * 365 * 100};
    if (milliseconds < 0) return {};
    return std::min<std::chrono::milliseconds>(std::chrono::milliseconds(milliseconds), for_ever);
}

vmtask::engine_options engine_options_of(const vmtask_engine_options& given)
{
    vmtask::engine_options options;
    options.workers = given.workers;
    options.event_loop_threads = given.event_loop_threads;
    if (given.queue_limit != 0) options.queue_limit = given.queue_limit;
    if (given.retain_count != 0) options.retain.count = given.retain_count;
    if (given.retain_ms != 0) options.retain.age = age_of(given.retain_ms);
    return options;
}

vmtask::shutdown_mode mode_of(vmtask_shutdown_mode mode)
{
    switch (mode) {
    case VMTASK_SHUTDOWN_DRAIN: return vmtask::shutdown_mode::drain;
    case VMTASK_SHUTDOWN_CANCEL: return vmtask::shutdown_mode::cancel;
    default: throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "there is no such shutdown mode"};
    }
}

task_owner own(const vmtask::task_handle& handle)
{
    task_owner made(new vmtask_task);
    made->set(handle);
    return made;
}

} // namespace

vmtask_status vmtask_engine_create(const vmtask_engine_options* options, vmtask_engine** engine)
{
    return c_api::guarded([&] {
        c_api::prepare(engine, "there is no place for the engine");
        *engine = new vmtask_engine{vmtask::engine(engine_options_of(c_api::options_from(options)))};
    });
}

vmtask_status vmtask_engine_shutdown(vmtask_engine* engine, vmtask_shutdown_mode mode, int64_t timeout_ms,
                                     size_t* unfinished)
{
    if (unfinished != nullptr) *unfinished = 0;
    return c_api::guarded([&]() -> vmtask_status {
        c_api::require(engine, "engine is null");
        const vmtask::shutdown_report report =
            engine->engine.shutdown(mode_of(mode), std::chrono::milliseconds(timeout_ms));
        if (unfinished != nullptr) *unfinished = report.unfinished.size();
        return report.complete() ? VMTASK_OK : VMTASK_E_TIMED_OUT;
    });
}

vmtask_status vmtask_engine_destroy(vmtask_engine* engine)
{
    return c_api::guarded([&] {
        if (engine == nullptr) return;
        // Throws on the engine's own threads, which cannot wait for themselves.
        engine->engine.shutdown(vmtask::shutdown_mode::cancel);
        delete engine;
    });
}

vmtask_status vmtask_engine_list_tasks(const vmtask_engine* engine, vmtask_task*** tasks, size_t* count)
{
    if (count != nullptr) *count = 0;
    return c_api::guarded([&] {
        c_api::prepare(tasks, "there is no place for the tasks");
        c_api::require(count, "there is no place for the number of tasks");
        const std::vector<vmtask::task_handle> listed = c_api::require(engine, "engine is null")->engine.tasks();
        std::vector<task_owner> owners;
        for (const vmtask::task_handle& handle : listed) owners.push_back(own(handle));

        *tasks = new vmtask_task*[owners.size()];
        std::transform(owners.begin(), owners.end(), *tasks, [](task_owner& task) { return task.release(); });
        *count = owners.size();
    });
}

void vmtask_tasks_release(vmtask_task** tasks, size_t count)
{
    if (tasks == nullptr) return;
    std::for_each(tasks, tasks + count, vmtask_task_release);
    delete[] tasks;
}

vmtask_status vmtask_engine_find_task(const vmtask_engine* engine, uint64_t id, vmtask_task** task)
{
    return c_api::guarded([&]() -> vmtask_status {
        c_api::prepare(task, "there is no place for the task");
        const vmtask::task_handle found = c_api::require(engine, "engine is null")->engine.find(id);
        if (!found) return VMTASK_E_NO_TASK;
        *task = own(found).release();
        return VMTASK_OK;
    });
}
