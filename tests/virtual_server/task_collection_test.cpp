// SPDX-License-Identifier: BSL-1.0

#include <VsComInterfaces.h>

#include "support/catch.hpp"
#include "support/gate.hpp"

#include <vmtask/engine.hpp>

#include <array>
#include <atomic>
#include <limits>
#include <optional>
#include <string>
#include <thread>

using namespace vmtask;
using virtual_server::create_server;

namespace {

/// An engine with three tasks, of which the first is held.
struct three_tasks {
    test::gate gate;
    vmtask::engine engine{engine_options{.workers = 1}};
    std::array<task<>, 3> tasks{
        engine.post([this](task_context& self) { gate.hold(self); }, {.description = "first"}),
        engine.post([](task_context&) {}, {.description = "second"}),
        engine.post([](task_context&) {}, {.description = "third"}),
    };
    IVMVirtualServerPtr server = create_server(engine);

    [[nodiscard]] long id(std::size_t i) const { return static_cast<long>(tasks.at(i).id()); }
};

HRESULT error_of_item(const IVMTaskCollectionPtr& tasks, long index)
{
    IVMTask* task = nullptr;
    const HRESULT result = tasks->get_Item(index, &task);
    CHECK((task != nullptr) == SUCCEEDED(result));
    if (task != nullptr) task->Release();
    return result;
}

} // namespace

TEST_CASE("a server's tasks are counted from 1, oldest first", "[virtual_server][collection]")
{
    const three_tasks three;
    const IVMTaskCollectionPtr tasks = three.server->Tasks;

    REQUIRE(tasks->Count == 3);
    for (long i = 1; i <= tasks->Count; ++i) CHECK(tasks->Item[i]->ID == three.id(static_cast<std::size_t>(i) - 1));
    CHECK(tasks->GetItem(2)->Description == L"second");
    CHECK(tasks->GetItem(1)->IsComplete == VARIANT_FALSE);
}

TEST_CASE("an index that no task has is DISP_E_BADINDEX", "[virtual_server][collection]")
{
    const three_tasks three;
    const IVMTaskCollectionPtr tasks = three.server->GetTasks();

    CHECK(error_of_item(tasks, 0) == DISP_E_BADINDEX);
    CHECK(error_of_item(tasks, 4) == DISP_E_BADINDEX);
    CHECK(error_of_item(tasks, -1) == DISP_E_BADINDEX);
    CHECK(error_of_item(tasks, std::numeric_limits<long>::min()) == DISP_E_BADINDEX);
    CHECK(error_of_item(tasks, std::numeric_limits<long>::max()) == DISP_E_BADINDEX);
    try {
        (void)tasks->Item[4];
        FAIL("it did not throw");
    } catch (const _com_error& error) {
        CHECK(error.Description() == L"there is no task 4 among 3; the first is 1");
    }
}

TEST_CASE("a collection stays as it was, and keeps its tasks", "[virtual_server][collection]")
{
    test::gate gate;
    engine engine({.workers = 1, .retain = {.count = 0}});
    const IVMVirtualServerPtr server = create_server(engine);
    const task<> held = engine.post([&](task_context& self) { gate.hold(self); }, {.description = "held"});
    const IVMTaskCollectionPtr before = server->Tasks;
    CHECK(before->Count == 1);

    gate.open();
    REQUIRE(held.wait_for_completion(test::patience) == wait_status::completed);
    REQUIRE(test::eventually([&] { return server->GetTasks()->GetCount() == 0; }));

    CHECK(before->Count == 1);
    CHECK(before->GetItem(1)->Result == vmTaskResult_Success);
}

TEST_CASE("a collection outlives its engine", "[virtual_server][collection]")
{
    std::optional<three_tasks> three(std::in_place);
    const IVMTaskCollectionPtr tasks = three->server->Tasks;
    three.reset();

    CHECK(tasks->GetItem(1)->Result == vmTaskResult_Cancelled);
}

TEST_CASE("an enumerator gives each task once, in order", "[virtual_server][collection]")
{
    const three_tasks three;
    const IVMTaskCollectionPtr tasks = three.server->Tasks;
    const IEnumVARIANTPtr all = tasks->_NewEnum;
    REQUIRE(all != nullptr);

    _variant_t value;
    ULONG taken = 7;
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(all->Next(1, &value, &taken) == S_OK);
        CHECK(taken == 1);
        const IVMTaskPtr task = value;
        CHECK(task->ID == three.id(i));
        value.Clear();
    }
    CHECK(all->Next(1, &value, &taken) == S_FALSE);
    CHECK((taken == 0 && value.vt == VT_EMPTY));
    CHECK(all->Next(1, &value, nullptr) == S_FALSE);
}

TEST_CASE("an enumerator gives several tasks at once, as many as there are", "[virtual_server][collection]")
{
    const three_tasks three;
    const IEnumVARIANTPtr all(three.server->GetTasks()->Get_NewEnum());
    std::array<_variant_t, 4> values;
    ULONG taken = 0;

    CHECK(all->Next(2, values.data(), &taken) == S_OK);
    CHECK(taken == 2);
    for (_variant_t& value : values) value.Clear();
    CHECK(all->Next(4, values.data(), &taken) == S_FALSE);
    REQUIRE(taken == 1);
    CHECK(IVMTaskPtr(values[0])->ID == three.id(2));
    CHECK(all->Next(0, values.data(), &taken) == S_OK);
}

TEST_CASE("an enumerator skips, begins again and is cloned where it is", "[virtual_server][collection]")
{
    const three_tasks three;
    const IEnumVARIANTPtr all = three.server->GetTasks()->_NewEnum;
    const auto next_id = [](const IEnumVARIANTPtr& place) {
        _variant_t value;
        return place->Next(1, &value, nullptr) == S_OK ? IVMTaskPtr(value)->GetID() : 0;
    };

    CHECK(all->Skip(1) == S_OK);
    IEnumVARIANTPtr copy;
    CHECK(all->Clone(&copy) == S_OK);
    CHECK(next_id(all) == three.id(1));
    CHECK(next_id(copy) == three.id(1));
    CHECK(all->Skip(2) == S_FALSE);
    CHECK(next_id(all) == 0);
    CHECK(all->Reset() == S_OK);
    CHECK(next_id(all) == three.id(0));
    CHECK(next_id(copy) == three.id(2));
}

TEST_CASE("null pointers of a collection's caller are E_POINTER", "[virtual_server][collection]")
{
    const three_tasks three;
    const IVMTaskCollectionPtr tasks = three.server->Tasks;
    const IEnumVARIANTPtr all = tasks->_NewEnum;
    _variant_t value;
    ULONG taken = 0;

    CHECK(three.server->get_Tasks(nullptr) == E_POINTER);
    CHECK(tasks->get_Count(nullptr) == E_POINTER);
    CHECK(tasks->get_Item(1, nullptr) == E_POINTER);
    CHECK(tasks->get__NewEnum(nullptr) == E_POINTER);
    CHECK(all->Next(1, nullptr, &taken) == E_POINTER);
    CHECK(all->Next(2, &value, nullptr) == E_POINTER);
    CHECK(all->Clone(nullptr) == E_POINTER);
}

TEST_CASE("several threads take each task of an enumerator once", "[virtual_server][collection]")
{
    test::gate gate;
    engine engine({.workers = 1});
    const task<> held = engine.post([&](task_context& self) { gate.hold(self); });
    for (int i = 0; i < 99; ++i) (void)engine.post([](task_context&) {});
    const IEnumVARIANTPtr all = create_server(engine)->GetTasks()->_NewEnum;

    std::atomic<long> sum_of_ids{0};
    const auto take = [&] {
        _variant_t value;
        while (all->Next(1, &value, nullptr) == S_OK) {
            sum_of_ids += IVMTaskPtr(value)->GetID();
            value.Clear();
        }
    };
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) thread = std::thread(take);
    for (std::thread& thread : threads) thread.join();

    long expected = 0;
    for (const task_handle& task : engine.tasks()) expected += static_cast<long>(task.id());
    CHECK(sum_of_ids == expected);
    gate.open();
}
