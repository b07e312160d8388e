// SPDX-License-Identifier: BSL-1.0
#include "harness/system_calls.hpp"

#include "harness/child.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include <unistd.h>

namespace vmtask::benchmark {
namespace {

namespace fs = std::filesystem;

/// Sums strace's summary, whose lines are a count and a name.
double sum_of(const fs::path& summary)
{
    std::ifstream lines(summary);
    double sum = 0;
    bool found = false;
    std::string line;
    while (std::getline(lines, line)) {
        char name[64];
        unsigned long long calls = 0;
        if (std::sscanf(line.c_str(), "%llu %63s", &calls, name) != 2 || std::string(name) == "total") continue;
        sum += static_cast<double>(calls);
        found = true;
    }
    if (!found) throw not_measurable("strace counted nothing");
    return sum;
}

double system_calls(const std::string& contender_id, std::size_t count)
{
    const fs::path self = fs::read_symlink("/proc/self/exe");
    const fs::path summary = fs::temp_directory_path() / ("vmtask_system_calls." + std::to_string(::getpid()));
    const std::string command = "strace --follow-forks --summary-only --summary-columns=calls,name --output='"
        + summary.string() + "' '" + self.string() + "' --run " + contender_id + " --tasks " + std::to_string(count)
        + " > /dev/null 2>&1";
    const int status = std::system(command.c_str());
    if (status != 0) {
        fs::remove(summary);
        throw not_measurable("strace is missing or may not trace");
    }
    const double sum = sum_of(summary);
    fs::remove(summary);
    return sum;
}

} // namespace

double system_calls_each(const std::string& contender_id, std::size_t count)
{
    const double few = system_calls(contender_id, count);
    const double many = system_calls(contender_id, 3 * count);
    // The contender does everything twice, once to warm up.
    return (many - few) / (4 * static_cast<double>(count));
}

} // namespace vmtask::benchmark
