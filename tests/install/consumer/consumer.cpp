// SPDX-License-Identifier: BSL-1.0
//
// Uses each library as a stranger would: a coroutine body, and a disk made and
// compacted.
//
//     consumer DISK.vhd

#include <vmtask/engine.hpp>
#include <vmtask/version.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/create.hpp>

#include <asio/awaitable.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

static_assert(VMTASK_VERSION == EXPECTED_VERSION, "the headers and the package disagree");

namespace {

void expect(bool truth, const char* what)
{
    if (truth) return;
    std::fprintf(stderr, "consumer: expected %s\n", what);
    std::exit(1);
}

asio::awaitable<int> answer(vmtask::task_context&)
{
    co_return 42;
}

void use(const std::filesystem::path& disk)
{
    vmtask::engine engine;
    vmtask::task<int> answered = engine.post(answer);
    expect(answered.wait_for_completion() == vmtask::wait_status::completed, "the end of a task");
    expect(answered.result() == 42, "an answer");

    auto created = vmtask::vhd::create(engine, disk, {.size_bytes = 64 << 20});
    expect(created.wait_for_completion() == vmtask::wait_status::completed, "the end of a task");
    (void)created.result();

    auto compacted = vmtask::vhd::compact(engine, disk);
    expect(compacted.wait_for_completion() == vmtask::wait_status::completed, "the end of a task");
    expect(compacted.result().file_size_after == std::filesystem::file_size(disk), "the size that was reported");
}

} // namespace

int main(int argc, char** argv)
try {
    expect(argc == 2, "the name of a disk to make");
    std::filesystem::remove(argv[1]);
    use(argv[1]);
    return 0;
} catch (const std::exception& failure) {
    std::fprintf(stderr, "consumer: %s\n", failure.what());
    return 1;
}
