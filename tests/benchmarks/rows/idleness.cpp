// SPDX-License-Identifier: BSL-1.0
//
// Row 15: what an engine does that has nothing to do. It has been in use just
// before, so that whatever a task or a time-out leaves behind shows: time-outs
// of 5 s are still set when the watch of 10 s begins.
//
// The kernel says for each thread how often it was taken from a processor and
// for how long it had one.

#include "harness/plan.hpp"
#include "rows/engine_of.hpp"
#include "rows/rows.hpp"

#include <vmtask/engine.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace vmtask::benchmark {
namespace {

/// Of all threads but the calling one.
struct activity {
    double switches = 0;
    double milliseconds = 0;
};

double switches_in(const std::filesystem::path& status)
{
    std::ifstream lines(status);
    std::string name;
    double sum = 0;
    while (lines >> name) {
        double value = 0;
        if (name.ends_with("ctxt_switches:") && lines >> value) sum += value;
        lines.ignore(4096, '\n');
    }
    return sum;
}

double milliseconds_of(int whom)
{
    rusage used{};
    ::getrusage(whom, &used);
    const auto in_milliseconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return in_milliseconds(used.ru_utime) + in_milliseconds(used.ru_stime);
}

activity activity_of_others()
{
    activity seen;
    const std::string self = std::to_string(::gettid());
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task"))
        if (thread.path().filename() != self) seen.switches += switches_in(thread.path() / "status");
    seen.milliseconds = milliseconds_of(RUSAGE_SELF) - milliseconds_of(RUSAGE_THREAD);
    return seen;
}

void use(engine& pool)
{
    for (int i = 0; i < 1'000; ++i) {
        const task<> used = pool.post([](task_context& self) { self.report_progress(0.5); });
        static_cast<void>(used.wait_for_completion(std::chrono::seconds(5)));
    }
}

measurements ours(const effort& how_much)
{
    engine pool(with_workers(2));
    use(pool);
    std::this_thread::sleep_for(how_much.idle / 20); // threads go to sleep
    const activity before = activity_of_others();
    std::this_thread::sleep_for(how_much.idle);
    const activity after = activity_of_others();
    const double seconds = std::chrono::duration<double>(how_much.idle).count();
    return {{"switches", (after.switches - before.switches) / seconds},
            {"milliseconds", (after.milliseconds - before.milliseconds) / seconds}};
}

} // namespace

group idleness()
{
    return {{{"idleness/ours", "ours", ours}},
            {{15, "context switches of an idle engine", "a second", {"idleness/ours", "switches"}, {}, 1},
             {15, "processor time of an idle engine", "ms a second", {"idleness/ours", "milliseconds"}, {}, 0.1}}};
}

} // namespace vmtask::benchmark
