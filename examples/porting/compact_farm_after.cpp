// SPDX-License-Identifier: BSL-1.0
//
// Compacts disks, all of them at a time, by the interfaces of Virtual Server 2005;
// and says of each what became of it. It is what compact_farm_before.cpp was meant
// to be; see tasks/virtual_server/PORTING.md.
//
//     compact_farm_after SECONDS /FOLDER/DISK.vhd...
//
// Exits 0 when all disks are compact, 1 when one is not, 2 on bad usage, 3 when
// some were stopped because the time was up or somebody pressed Ctrl-C.

#include <VsComInterfaces.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;

struct compaction {
    const char* disk;
    IVMTask2Ptr task;
};

enum class outcome { compact, failed, stopped };

std::string text_of(const _com_error& error)
{
    const _bstr_t reason = error.Description();
    return reason.length() > 0 ? static_cast<const char*>(reason) : error.ErrorMessage();
}

/// The disks that were refused are left out; the others' tasks are running.
std::vector<compaction> start_all(const IVMVirtualServerPtr& server, const std::vector<const char*>& disks)
{
    std::vector<compaction> started;
    for (const char* const disk : disks) {
        try {
            started.push_back({disk, server->GetHardDisk(disk)->Compact()});
        } catch (const _com_error& error) {
            std::printf("%s: refused, %s\n", disk, text_of(error).c_str());
        }
    }
    return started;
}

/// False when the time was up, or Ctrl-C pressed, before it had ended.
bool wait_for(const compaction& each, steady_clock::time_point deadline)
{
    long shown = -1;
    while (each.task->IsComplete == VARIANT_FALSE) {
        if (interrupted != 0 || steady_clock::now() >= deadline) return false;
        each.task->WaitForCompletion(100);
        const long percent = each.task->PercentCompleted;
        if (percent != shown) std::printf("%s: %ld %%\n", each.disk, percent);
        shown = percent;
    }
    return true;
}

/// Asks all to stop, and waits until they have: only then are the disks free.
void stop_all(const std::vector<compaction>& all)
{
    std::printf("stopping\n");
    // What has ended, or is about to, cannot be cancelled. That is no failure.
    for (const compaction& each : all) each.task->raw_Cancel();
    for (const compaction& each : all) each.task->WaitForCompletion(-1);
}

outcome report(const compaction& ended)
{
    switch (ended.task->GetResult()) {
    case vmTaskResult_Success: std::printf("%s: compacted\n", ended.disk); return outcome::compact;
    case vmTaskResult_Cancelled:
        std::printf("%s: stopped at %ld %%; it is whole, run it again to go on\n", ended.disk,
                    ended.task->GetPercentCompleted());
        return outcome::stopped;
    default: break;
    }
    const _bstr_t reason = ended.task->ErrorDescription;
    std::printf("%s: failed with 0x%08X, %s\n", ended.disk, static_cast<unsigned>(ended.task->GetError()),
                static_cast<const char*>(reason));
    return outcome::failed;
}

int compact_all(long seconds, const std::vector<const char*>& disks)
{
    const steady_clock::time_point deadline = steady_clock::now() + std::chrono::seconds(seconds);
    const IVMVirtualServerPtr server = vmtask::virtual_server::create_server();
    const std::vector<compaction> all = start_all(server, disks);
    bool in_time = true;
    for (const compaction& each : all) in_time = in_time && wait_for(each, deadline);
    if (!in_time) stop_all(all);

    bool failed = all.size() < disks.size();
    bool stopped = false;
    for (const compaction& each : all) {
        const outcome how = report(each);
        failed = failed || how == outcome::failed;
        stopped = stopped || how == outcome::stopped;
    }
    return failed ? 1 : stopped ? 3 : 0;
}

} // namespace

int main(int argc, char** argv)
{
    char* end = nullptr;
    const long seconds = argc < 3 ? 0 : std::strtol(argv[1], &end, 10);
    constexpr long longest = 1000000;
    if (seconds < 1 || seconds > longest || *end != '\0') {
        std::fprintf(stderr, "usage: compact_farm_after SECONDS /FOLDER/DISK.vhd...\n");
        return 2;
    }
    std::setbuf(stdout, nullptr); // progress is to be seen at once
    std::signal(SIGINT, [](int) { interrupted = 1; });
    try {
        return compact_all(seconds, std::vector<const char*>(argv + 2, argv + argc));
    } catch (const _com_error& error) {
        std::fprintf(stderr, "compact_farm_after: %s\n", text_of(error).c_str());
        return 1;
    }
}
