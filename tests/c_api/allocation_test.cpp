// SPDX-License-Identifier: BSL-1.0
//
// Each allocation of a call fails once. The library allocates by the operators
// of the program that it is in.

#include "handles.hpp"

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

using namespace vmtask::test;

namespace {

/// How many allocations this thread may still make; negative: any number.
thread_local long allowance = -1;

void* allocate(std::size_t size)
{
    if (allowance == 0) throw std::bad_alloc();
    if (allowance > 0) --allowance;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

/// Makes the call again and again, with one allocation more each time, until it
/// succeeds; returns how often it failed, each time for want of memory.
template <class Call>
int failures_of(Call call)
{
    for (int failures = 0;; ++failures) {
        allowance = failures;
        const vmtask_status status = call();
        allowance = -1;
        if (status == VMTASK_OK) return failures;
        REQUIRE(status == VMTASK_E_NO_MEMORY);
        REQUIRE(vmtask_last_error_message() == std::string("out of memory"));
    }
}

} // namespace

void* operator new(std::size_t size)
{
    return allocate(size);
}
void* operator new[](std::size_t size)
{
    return allocate(size);
}
// Inlined, they would look to the compiler like free() of what new returned.
[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}

TEST_CASE("starting an engine without memory is a status", "[c_api]")
{
    auto options = ready<vmtask_engine_options>();
    options.workers = 1;
    vmtask_engine* engine = nullptr;

    CHECK(failures_of([&] { return vmtask_engine_create(&options, &engine); }) > 3);

    CHECK(vmtask_engine_destroy(engine) == VMTASK_OK);
}

TEST_CASE("posting without memory posts nothing, and leaves the user pointer alone", "[c_api]")
{
    static std::atomic<int> released{0};
    const engine_owner engine = make_engine();
    auto options = ready<vmtask_post_options>();
    options.description = "a description that is too long to be kept in a string itself";
    options.release = [](void*) { ++released; };
    vmtask_task* task = nullptr;

    const int failures = failures_of([&] {
        const auto body = [](vmtask_context*, void*) -> vmtask_status { return VMTASK_OK; };
        const vmtask_status status = vmtask_engine_post(engine.get(), &options, body, nullptr, &task);
        if (status != VMTASK_OK) REQUIRE((task == nullptr && released == 0));
        return status;
    });

    CHECK(failures > 1);
    const task_owner owner(task);
    REQUIRE(vmtask_task_wait(task, patience_ms) == VMTASK_OK);
    CHECK(released == 1);
    CHECK(info_of(owner).id > 0);
}

TEST_CASE("a wait that cannot begin for want of memory has no callback", "[c_api]")
{
    c_gate gate;
    told what;
    const engine_owner engine = make_engine();
    const task_owner task = post_held(engine, gate);
    vmtask_wait* wait = nullptr;

    const int failures = failures_of([&] {
        const vmtask_status status = vmtask_task_async_wait(task.get(), VMTASK_NO_LIMIT, told::callback, &what, &wait);
        if (status != VMTASK_OK) REQUIRE((wait == nullptr && what.times == 0));
        return status;
    });

    CHECK(failures > 0);
    const wait_owner owner(wait);
    gate.open();
    REQUIRE(what.arrives());
    CHECK(what.times == 1);
}

TEST_CASE("posting work on disks, listing and reading without memory is a status", "[c_api]")
{
    const temporary_folder folder;
    const std::string path = folder / "disk.vhd";
    const engine_owner engine = make_engine();
    auto create = ready<vmtask_vhd_create_options>();
    create.size_bytes = 16U << 20;
    vmtask_task* task = nullptr;
    vmtask_task** listed = nullptr;
    std::size_t count = 0;
    vmtask_vhd_chain* chain = nullptr;
    // One that is listed: without memory to list a task, it is done all the same.
    REQUIRE(vmtask_vhd_create(engine.get(), (folder / "other.vhd").c_str(), &create, &task) == VMTASK_OK);
    const task_owner other(task);

    CHECK(failures_of([&] { return vmtask_vhd_create(engine.get(), path.c_str(), &create, &task); }) > 1);
    const task_owner created(task);
    REQUIRE(vmtask_task_wait(task, patience_ms) == VMTASK_OK);
    REQUIRE(vmtask_task_result(task) == VMTASK_OK);

    CHECK(failures_of([&] { return vmtask_engine_list_tasks(engine.get(), &listed, &count); }) > 1);
    CHECK(count == 2);
    vmtask_tasks_release(listed, count);
    auto info = ready<vmtask_vhd_info>();
    CHECK(failures_of([&] { return vmtask_vhd_read_info(path.c_str(), &info); }) > 1);
    CHECK(failures_of([&] { return vmtask_vhd_read_chain(path.c_str(), nullptr, &chain); }) > 1);
    vmtask_vhd_chain_release(chain);
}
