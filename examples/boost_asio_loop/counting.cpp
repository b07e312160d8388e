// SPDX-License-Identifier: BSL-1.0
#include "counting.hpp"

#include <vmtask/engine.hpp>

#include <chrono>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;

int count(vmtask::task_context& self, int steps)
{
    for (int i = 1; i <= steps; ++i) {
        self.checkpoint();
        std::this_thread::sleep_for(1ms);
        self.report_progress(static_cast<double>(i) / steps);
    }
    return steps;
}

} // namespace

struct counting::parts {
    explicit parts(int steps) : task(engine.post([steps](vmtask::task_context& self) { return count(self, steps); })) {}

    vmtask::engine engine;
    vmtask::task<int> task;
};

counting::counting(int steps) : parts_(std::make_unique<parts>(steps)) {}

counting::~counting() = default;

void counting::when_ended(std::function<void(std::error_code)> ended) const
{
    parts_->task.async_wait(std::move(ended));
}

void counting::request_cancel() const
{
    parts_->task.request_cancel();
}

int counting::percent() const
{
    return parts_->task.percent_completed();
}

std::string counting::outcome() const
{
    return has_succeeded() ? std::to_string(parts_->task.result()) : parts_->task.error().message();
}

bool counting::has_succeeded() const
{
    return parts_->task.state() == vmtask::task_state::succeeded;
}
