// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/server.hpp>
#include <vmtask/virtual_server/task.hpp>

#include "support/catch.hpp"

#include <vmtask/engine.hpp>

#include <array>
#include <cstddef>
#include <thread>
#include <utility>

using namespace vmtask;
using virtual_server::create_server;
using virtual_server::wrap_task;

namespace {

ULONG references(IUnknown* object)
{
    object->AddRef();
    return object->Release();
}

IVMTaskPtr some_task(engine& engine)
{
    return wrap_task(engine.post([](task_context&) {}));
}

HRESULT error_of_arrow(const IVMTaskPtr& task)
{
    try {
        (void)task->GetID();
    } catch (const _com_error& error) {
        return error.Error();
    }
    return S_OK;
}

} // namespace

TEST_CASE("copies of a smart pointer share one object and count", "[virtual_server][pointer]")
{
    engine engine;
    const IVMTaskPtr task = some_task(engine);
    CHECK(references(task) == 1);
    {
        const IVMTaskPtr copy = task;
        CHECK(copy == task);
        CHECK(references(task) == 2);
        IVMTaskPtr moved = std::move(const_cast<IVMTaskPtr&>(copy));
        CHECK(references(task) == 2);
        moved = nullptr;
        CHECK(references(task) == 1);
    }
    CHECK(references(task) == 1);
}

TEST_CASE("a smart pointer is compared with NULL and used as a condition", "[virtual_server][pointer]")
{
    // NOLINTBEGIN(modernize-use-nullptr)
    engine engine;
    IVMTaskPtr task = NULL;
    CHECK((task == NULL && !task && task == nullptr));

    task = some_task(engine);
    CHECK((task != NULL && task && task != nullptr));
    task = NULL;
    CHECK((task == NULL));
    // NOLINTEND(modernize-use-nullptr)
}

TEST_CASE("the arrow of a null smart pointer throws E_POINTER", "[virtual_server][pointer]")
{
    CHECK(error_of_arrow(IVMTaskPtr()) == E_POINTER);
    IVMTaskPtr empty;
    CHECK_THROWS_AS(empty.Release(), _com_error);
    CHECK_THROWS_AS(*empty, _com_error);
}

TEST_CASE("references are attached and detached by hand", "[virtual_server][pointer]")
{
    engine engine;
    IVMTaskPtr task = some_task(engine);

    IVMTask* const plain = task.Detach();
    CHECK(task == nullptr);
    CHECK(references(plain) == 1);
    task.Attach(plain);
    CHECK(references(plain) == 1);
    task.AddRef();
    CHECK(references(plain) == 2);
    plain->Release();

    const IVMTaskPtr added(plain, true);
    CHECK(references(plain) == 2);
    task.Release();
    CHECK(task == nullptr);
    CHECK(references(plain) == 1);
}

TEST_CASE("the address of a smart pointer takes an object in, and lets the old one go", "[virtual_server][pointer]")
{
    engine engine;
    const IVMTaskPtr first = some_task(engine);
    IVMTaskPtr pointer = first;
    CHECK(references(first) == 2);

    CHECK(first.QueryInterface(IID_IVMTask, &pointer) == S_OK);

    CHECK(pointer == first);
    CHECK(references(first) == 2);
}

TEST_CASE("an object has its interface and IUnknown, and no other", "[virtual_server][pointer]")
{
    engine engine;
    const IVMTaskPtr pointer = some_task(engine);
    IVMTask* const task = pointer;
    void* found = nullptr;

    CHECK(task->QueryInterface(IID_IVMTask, &found) == S_OK);
    CHECK(found == task);
    CHECK(references(task) == 2);
    CHECK(task->Release() == 1);

    CHECK(task->QueryInterface(IID_IUnknown, &found) == S_OK);
    CHECK(static_cast<IUnknown*>(found) == task);
    CHECK(task->Release() == 1);

    CHECK(task->QueryInterface(IID_IVMHardDisk, &found) == E_NOINTERFACE);
    CHECK(found == nullptr);
    CHECK(task->QueryInterface(IID_IVMTask, nullptr) == E_POINTER);
    CHECK(references(task) == 1);
}

TEST_CASE("a smart pointer to another interface asks for it", "[virtual_server][pointer]")
{
    const IVMVirtualServerPtr server = create_server();

    const IUnknownPtr unknown = server;
    CHECK(unknown != nullptr);
    const IVMVirtualServerPtr back = unknown;
    CHECK(back == server);
    const IVMTaskPtr none = unknown;
    CHECK(none == nullptr);
    const IVMTaskPtr of_null = IUnknownPtr();
    CHECK(of_null == nullptr);
    CHECK(references(server) == 3);
}

TEST_CASE("references are counted from several threads", "[virtual_server][pointer]")
{
    engine engine;
    const IVMTaskPtr task = some_task(engine);

    const auto copy_and_ask = [&task] {
        for (int turn = 0; turn < 1000; ++turn) {
            IVMTaskPtr copy = task;
            const IUnknownPtr asked = copy;
            copy = nullptr;
        }
    };
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) thread = std::thread(copy_and_ask);
    for (std::thread& thread : threads) thread.join();

    CHECK(references(task) == 1);
}
