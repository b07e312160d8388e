// SPDX-License-Identifier: BSL-1.0
//
// Reports progress by steps within steps, and shows how fast it gets on and how
// long the rest takes.
//
//     progress_steps

#include <vmtask/engine.hpp>
#include <vmtask/progress_step.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

namespace {

/// Knows nothing of what it is a part of.
void copy(vmtask::progress_step& step, std::uint64_t size)
{
    constexpr std::uint64_t block = 4096;
    step.set_unit("bytes");
    for (std::uint64_t done = 0; done < size; done += block) {
        step.task().checkpoint();
        std::this_thread::sleep_for(2ms);
        step.report(done + block, size);
    }
}

void copy_and_check(vmtask::task_context& self)
{
    vmtask::progress_step whole(self);
    whole.divide_into(10); // what the weights add up to
    {
        vmtask::progress_step copying = whole.step(9, "copying");
        {
            vmtask::progress_step tables = copying.step(0.1, "copying the tables");
            copy(tables, 40 * 4096);
        }
        vmtask::progress_step data = copying.step(0.9);
        copy(data, 800 * 4096);
    }
    vmtask::progress_step checking = whole.step(1, "checking");
    checking.report(0.5);
}

void show(const vmtask::progress_snapshot& now)
{
    std::cout << now.step << ": " << now.done << " of " << now.total << ' ' << now.unit;
    if (now.units_per_second) std::cout << ", " << *now.units_per_second << " a second";
    if (now.time_left) std::cout << ", " << now.time_left->count() << " ms left";
    std::cout << '\n';
}

} // namespace

int main()
{
    vmtask::engine engine;
    const auto task = engine.post(copy_and_check);
    while (task.wait_for_completion(200ms) == vmtask::wait_status::timed_out) show(task.progress());
    std::cout << task.percent_completed() << " %\n";
}
