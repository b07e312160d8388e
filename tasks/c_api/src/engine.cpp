// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/engine.h>

#include "durations.hpp"
#include "guarded.hpp"
#include "handles.hpp"
#include "structs.hpp"
#include "task_list.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace c_api = vmtask::c_api;

namespace {

vmtask::engine_options engine_options_of(const vmtask_engine_options& given)
{
    vmtask::engine_options options;
    options.workers = given.workers;
    options.event_loop_threads = given.event_loop_threads;
    if (given.queue_limit != 0) options.queue_limit = given.queue_limit;
    if (given.retain_count != 0) options.retain.count = given.retain_count;
    if (given.retain_ms != 0) options.retain.age = c_api::duration_of(given.retain_ms);
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

} // namespace

vmtask_status vmtask_engine_create(const vmtask_engine_options* options, vmtask_engine** engine)
{
    return c_api::guarded([&] {
        c_api::prepare(engine, "there is no place for the engine");
        *engine = new vmtask_engine{vmtask::engine(engine_options_of(c_api::options_from(options)))};
    });
}

vmtask_status vmtask_engine_set_lane_limit(vmtask_engine* engine, const char* lane, uint64_t limit)
{
    return c_api::guarded([&] {
        c_api::require(engine, "engine is null");
        constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
        engine->engine.set_lane_limit(c_api::require(lane, "lane is null"),
                                      static_cast<std::size_t>(std::min(limit, most)));
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
    return c_api::guarded([&] {
        const c_api::list_place place(tasks, count);
        c_api::require(tasks, "there is no place for the tasks");
        c_api::task_list(c_api::require(engine, "engine is null")->engine.tasks()).hand_out(place);
    });
}

vmtask_status vmtask_engine_find_task(const vmtask_engine* engine, uint64_t id, vmtask_task** task)
{
    return c_api::guarded([&]() -> vmtask_status {
        c_api::prepare(task, "there is no place for the task");
        const vmtask::task_handle found = c_api::require(engine, "engine is null")->engine.find(id);
        if (!found) return VMTASK_E_NO_TASK;
        *task = c_api::make_handle(found).release();
        return VMTASK_OK;
    });
}
