// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "guarded.hpp"
#include "handles.hpp"

#include <utility>

namespace vmtask::c_api {

/// What every function that posts a task does; `post` is called with the engine
/// and returns the engine's handle.
template <class Post>
[[nodiscard]] vmtask_status start(vmtask_engine* engine, vmtask_task** task, Post post) noexcept
{
    return guarded([&] {
        prepare(task, "there is no place for the task");
        require(engine, "engine is null");
        // Before the task is posted: nothing may fail once it runs.
        owner<vmtask_task> made(new vmtask_task);
        made->set(std::move(post)(engine->engine));
        *task = made.release();
    });
}

} // namespace vmtask::c_api
