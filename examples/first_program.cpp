// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int main()
{
    vmtask::engine engine;
    vmtask::task<int> task = engine.post([](vmtask::task_context& self) {
        int sum = 0;
        for (int i = 1; i <= 100; ++i) {
            self.checkpoint(); // where a cancel stops it
            std::this_thread::sleep_for(10ms);
            sum += i;
            self.report_progress(i / 100.0);
        }
        return sum;
    });

    while (task.wait_for_completion(300ms) == vmtask::wait_status::timed_out)
        std::cout << task.percent_completed() << " %\n";
    std::cout << "the sum is " << task.result() << '\n';
}
