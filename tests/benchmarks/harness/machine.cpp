// SPDX-License-Identifier: BSL-1.0
#include "harness/machine.hpp"

#include <vmtask/version.hpp>

#include <asio/version.hpp>
#include <boost/version.hpp>
#include <glib.h>
#include <gnu/libc-version.h>
#include <oneapi/tbb/version.h>
#include <sys/utsname.h>

#include <fstream>
#include <thread>

namespace vmtask::benchmark {
namespace {

std::string numbers(unsigned major, unsigned minor, unsigned patch)
{
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

std::string processor()
{
    std::ifstream information("/proc/cpuinfo");
    std::string text;
    while (std::getline(information, text)) {
        const std::size_t colon = text.find(": ");
        if (text.starts_with("model name") && colon != std::string::npos) return text.substr(colon + 2);
    }
    return "unknown";
}

std::string kernel()
{
    utsname names{};
    if (::uname(&names) != 0) return "unknown";
    return std::string(names.sysname) + ' ' + names.release + ' ' + names.machine;
}

std::string first_word_of(const char* path)
{
    std::ifstream file(path);
    std::string word;
    return file >> word ? word : "unknown";
}

std::string compiler()
{
#ifdef __clang__
    return __VERSION__;
#else
    return "g++ " __VERSION__;
#endif
}

std::string build()
{
#ifdef NDEBUG
    return VMTASK_BENCHMARK_FLAGS;
#else
    return VMTASK_BENCHMARK_FLAGS ", with assertions";
#endif
}

} // namespace

std::vector<std::pair<std::string, std::string>> describe_surroundings()
{
    const unsigned asio = ASIO_VERSION;
    const unsigned boost = BOOST_VERSION;
    return {
        {"processor", processor()},
        {"processors to run on", std::to_string(std::thread::hardware_concurrency())},
        {"kernel", kernel()},
        {"load at the begin", first_word_of("/proc/loadavg")},
        {"compiler", compiler()},
        {"built with", build()},
        {"glibc", ::gnu_get_libc_version()},
        {"vmtask", numbers(VMTASK_VERSION / 10000, VMTASK_VERSION / 100 % 100, VMTASK_VERSION % 100)},
        {"Asio", numbers(asio / 100000, asio / 100 % 1000, asio % 100)},
        {"oneTBB", TBB_runtime_version()},
        {"Boost", numbers(boost / 100000, boost / 100 % 1000, boost % 100)},
        {"GLib", numbers(glib_major_version, glib_minor_version, glib_micro_version)},
    };
}

} // namespace vmtask::benchmark
