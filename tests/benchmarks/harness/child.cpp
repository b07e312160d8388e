// SPDX-License-Identifier: BSL-1.0
#include "harness/child.hpp"

#include <cerrno>
#include <iomanip>
#include <limits>
#include <sstream>
#include <system_error>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmtask::benchmark {
namespace {

std::system_error system_failure(const char* what)
{
    return {errno, std::generic_category(), what};
}

/// What the child writes: one line per measurement, or one that says why there
/// is none.
std::string report_of(const std::function<measurements()>& run)
{
    std::ostringstream report;
    report << std::setprecision(std::numeric_limits<double>::max_digits10);
    try {
        for (const auto& [name, value] : run()) report << "value " << name << ' ' << value << '\n';
    } catch (const not_measurable& reason) {
        report << "skipped " << reason.what() << '\n';
    } catch (const std::exception& failure) {
        report << "failed " << failure.what() << '\n';
    }
    return report.str();
}

void write_all(int to, const std::string& text)
{
    std::size_t written = 0;
    while (written < text.size()) {
        const ssize_t count = ::write(to, text.data() + written, text.size() - written);
        if (count < 0) break;
        written += static_cast<std::size_t>(count);
    }
}

/// Reads until the other end is closed; false when time runs out first.
bool read_all(int from, std::chrono::seconds limit, std::string& text)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd ready{from, POLLIN, 0};
        if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) == 0) return false;
        char bytes[4096];
        const ssize_t count = ::read(from, bytes, sizeof bytes);
        if (count <= 0) return true;
        text.append(bytes, static_cast<std::size_t>(count));
    }
}

outcome parse(const std::string& report)
{
    outcome result;
    std::istringstream lines(report);
    std::string kind;
    while (lines >> kind) {
        if (kind == "value") {
            std::string name;
            double value = 0;
            lines >> name >> value;
            result.values[name] = value;
        } else {
            std::getline(lines >> std::ws, kind == "skipped" ? result.skipped : result.failed);
        }
    }
    return result;
}

} // namespace

outcome run_in_child(const std::function<measurements()>& run, std::chrono::seconds limit)
{
    int ends[2];
    if (::pipe(ends) != 0) throw system_failure("pipe");
    const pid_t child = ::fork();
    if (child < 0) throw system_failure("fork");
    if (child == 0) {
        ::close(ends[0]);
        write_all(ends[1], report_of(run));
        // Without the parent's exit handlers, which have nothing to do here.
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string report;
    const bool in_time = read_all(ends[0], limit, report);
    ::close(ends[0]);
    if (!in_time) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);

    outcome result = parse(report);
    if (!in_time) result.failed = "not done after " + std::to_string(limit.count()) + " s";
    else if (WIFSIGNALED(status)) result.failed = "ended by signal " + std::to_string(WTERMSIG(status));
    return result;
}

} // namespace vmtask::benchmark
