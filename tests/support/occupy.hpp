// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/gate.hpp"

#include <vmtask/engine.hpp>

#include <asio/post.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace vmtask::test {

/// Posts `count` tasks that stay inside `gate`, and waits until all are there.
inline std::vector<task<>> occupy_workers(engine& engine, gate& gate, int count)
{
    std::vector<task<>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(engine.post([&gate](task_context& self) { gate.hold(self); }));
    if (!gate.reached(count)) throw std::runtime_error("the workers did not take the tasks");
    return tasks;
}

/// Has `count` handlers block the event loop inside `gate`, and waits until
/// they do.
inline void occupy_event_loop(engine& engine, gate& gate, int count = 1)
{
    for (int i = 0; i < count; ++i) asio::post(engine.get_executor(), [&gate] { gate.hold_regardless(); });
    if (!gate.reached(count)) throw std::runtime_error("the event loop did not take the handlers");
}

/// Waits until the event loop is at a point after everything posted so far.
/// With several threads it may still be inside a handler.
[[nodiscard]] inline bool settle_event_loop(engine& engine)
{
    const auto passed = std::make_shared<std::atomic<bool>>(false);
    asio::post(engine.get_executor(), [passed] { *passed = true; });
    return eventually([&] { return passed->load(); });
}

} // namespace vmtask::test
