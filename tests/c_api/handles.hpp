// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/patience.hpp"

#include <vmtask.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vmtask::test {

inline constexpr std::int64_t patience_ms = std::chrono::milliseconds(patience).count();

template <auto Release>
struct give_back {
    template <class Handle>
    void operator()(Handle* handle) const
    {
        (void)Release(handle);
    }
};

using engine_owner = std::unique_ptr<vmtask_engine, give_back<vmtask_engine_destroy>>;
using task_owner = std::unique_ptr<vmtask_task, give_back<vmtask_task_release>>;
using wait_owner = std::unique_ptr<vmtask_wait, give_back<vmtask_wait_release>>;
using chain_owner = std::unique_ptr<vmtask_vhd_chain, give_back<vmtask_vhd_chain_release>>;

/// A struct that is ready to be filled, or has all defaults.
template <class Struct>
[[nodiscard]] Struct ready()
{
    Struct made;
    VMTASK_INIT(made);
    return made;
}

inline void expect_ok(vmtask_status status)
{
    if (status != VMTASK_OK) throw std::runtime_error(vmtask_last_error_message());
}

[[nodiscard]] inline engine_owner make_engine(std::uint32_t workers = 1)
{
    auto options = ready<vmtask_engine_options>();
    options.workers = workers;
    vmtask_engine* engine = nullptr;
    expect_ok(vmtask_engine_create(&options, &engine));
    return engine_owner(engine);
}

[[nodiscard]] inline task_owner post(const engine_owner& engine, vmtask_body body, void* user = nullptr)
{
    vmtask_task* task = nullptr;
    expect_ok(vmtask_engine_post(engine.get(), nullptr, body, user, &task));
    return task_owner(task);
}

[[nodiscard]] inline vmtask_task_info info_of(const task_owner& task)
{
    auto info = ready<vmtask_task_info>();
    expect_ok(vmtask_task_get_info(task.get(), &info));
    return info;
}

/// Holds bodies until the test lets them go, or they are asked to stop. Declare
/// it before the engine.
class c_gate {
public:
    void open() { open_ = true; }
    [[nodiscard]] bool reached() const
    {
        return eventually([&] { return arrivals_ > 0; });
    }

    static vmtask_status hold(vmtask_context* self, void* user)
    {
        auto& gate = *static_cast<c_gate*>(user);
        ++gate.arrivals_;
        for (;;) {
            if (const vmtask_status stopped = vmtask_context_checkpoint(self)) return stopped;
            if (gate.open_) return VMTASK_OK;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

private:
    std::atomic<bool> open_{false};
    std::atomic<int> arrivals_{0};
};

/// A task that is held in the gate.
[[nodiscard]] inline task_owner post_held(const engine_owner& engine, c_gate& gate)
{
    task_owner task = post(engine, c_gate::hold, &gate);
    if (!gate.reached()) throw std::runtime_error("the worker did not take the task");
    return task;
}

/// What a callback was told. Declare it before the engine.
struct told {
    std::atomic<int> times{0};
    std::atomic<vmtask_status> status{VMTASK_E_INTERNAL};
    std::atomic<vmtask_task*> task{nullptr};
    std::atomic<std::thread::id> thread{};

    static void callback(vmtask_task* task, vmtask_status status, void* user)
    {
        auto& self = *static_cast<told*>(user);
        self.status = status;
        self.task = task;
        self.thread = std::this_thread::get_id();
        ++self.times;
    }

    [[nodiscard]] bool arrives() const
    {
        return eventually([&] { return times > 0; });
    }
};

} // namespace vmtask::test
