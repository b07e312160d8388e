// SPDX-License-Identifier: BSL-1.0
//
// What a C program can get wrong in a call: null pointers, sizes, values.

#include "handles.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask::test;

namespace {

/// As a program would have it that was compiled for a later version.
template <class Struct>
struct later {
    Struct known;
    std::uint64_t added;
};

template <class Struct>
later<Struct> ready_later()
{
    later<Struct> made;
    std::memset(&made, 0, sizeof made);
    made.known.struct_size = sizeof made;
    return made;
}

vmtask_status succeed(vmtask_context*, void*)
{
    return VMTASK_OK;
}

task_owner ended_task(const engine_owner& engine)
{
    task_owner task = post(engine, succeed);
    expect_ok(vmtask_task_wait(task.get(), patience_ms));
    return task;
}

} // namespace

TEST_CASE("a null pointer where something is needed is refused", "[c_api]")
{
    const engine_owner owner = make_engine();
    vmtask_engine* const engine = owner.get();
    const task_owner ended = ended_task(owner);
    vmtask_task* const task = ended.get();
    vmtask_task* posted = nullptr;
    vmtask_task** listed = nullptr;
    std::size_t count = 0;
    auto info = ready<vmtask_task_info>();
    auto progress = ready<vmtask_progress>();
    auto create = ready<vmtask_vhd_create_options>();
    auto resize = ready<vmtask_vhd_resize_options>();
    auto disk = ready<vmtask_vhd_info>();
    vmtask_vhd_chain* chain = nullptr;
    vmtask_outcome* outcome = nullptr;
    const char* text = nullptr;
    auto obstacle = ready<vmtask_obstacle>();

    const std::vector<std::pair<const char*, vmtask_status>> calls{
        {"engine_create", vmtask_engine_create(nullptr, nullptr)},
        {"engine_set_lane_limit", vmtask_engine_set_lane_limit(nullptr, "lane", 1)},
        {"engine_set_lane_limit, no lane", vmtask_engine_set_lane_limit(engine, nullptr, 1)},
        {"engine_shutdown", vmtask_engine_shutdown(nullptr, VMTASK_SHUTDOWN_DRAIN, 0, nullptr)},
        {"engine_list_tasks", vmtask_engine_list_tasks(nullptr, &listed, &count)},
        {"engine_list_tasks, no tasks", vmtask_engine_list_tasks(engine, nullptr, &count)},
        {"engine_list_tasks, no count", vmtask_engine_list_tasks(engine, &listed, nullptr)},
        {"engine_find_task", vmtask_engine_find_task(nullptr, 1, &posted)},
        {"engine_find_task, no task", vmtask_engine_find_task(engine, 1, nullptr)},
        {"engine_post", vmtask_engine_post(nullptr, nullptr, succeed, nullptr, &posted)},
        {"engine_post, no body", vmtask_engine_post(engine, nullptr, nullptr, nullptr, &posted)},
        {"engine_post, no task", vmtask_engine_post(engine, nullptr, succeed, nullptr, nullptr)},
        {"context_get_task", vmtask_context_get_task(nullptr, &posted)},
        {"context_add_warning", vmtask_context_add_warning(nullptr, "")},
        {"context_report_progress", vmtask_context_report_progress(nullptr, 0, 0)},
        {"context_set_unit", vmtask_context_set_unit(nullptr, "")},
        {"context_report_step", vmtask_context_report_step(nullptr, "")},
        {"context_checkpoint", vmtask_context_checkpoint(nullptr)},
        {"context_point_of_no_return", vmtask_context_point_of_no_return(nullptr)},
        {"context_set_error_message", vmtask_context_set_error_message(nullptr, "")},
        {"task_get_info", vmtask_task_get_info(nullptr, &info)},
        {"task_get_info, no info", vmtask_task_get_info(task, nullptr)},
        {"task_get_progress", vmtask_task_get_progress(nullptr, &progress)},
        {"task_get_progress, no progress", vmtask_task_get_progress(task, nullptr)},
        {"task_result", vmtask_task_result(nullptr)},
        {"task_request_cancel", vmtask_task_request_cancel(nullptr)},
        {"task_pause", vmtask_task_pause(nullptr)},
        {"task_resume", vmtask_task_resume(nullptr)},
        {"task_wait", vmtask_task_wait(nullptr, 0)},
        {"task_set_priority", vmtask_task_set_priority(nullptr, VMTASK_PRIORITY_HIGH)},
        {"task_get_obstacle", vmtask_task_get_obstacle(nullptr, &obstacle, nullptr, nullptr)},
        {"task_get_obstacle, no obstacle", vmtask_task_get_obstacle(task, nullptr, &listed, &count)},
        {"task_get_obstacle, no tasks", vmtask_task_get_obstacle(task, &obstacle, nullptr, &count)},
        {"task_get_obstacle, no count", vmtask_task_get_obstacle(task, &obstacle, &listed, nullptr)},
        {"task_read_outcome", vmtask_task_read_outcome(nullptr, &outcome)},
        {"task_read_outcome, no outcome", vmtask_task_read_outcome(task, nullptr)},
        {"outcome_get_info", vmtask_outcome_get_info(nullptr, nullptr)},
        {"outcome_get_cause", vmtask_outcome_get_cause(nullptr, 0, nullptr)},
        {"outcome_get_warning", vmtask_outcome_get_warning(nullptr, 0, &text)},
        {"task_async_wait", vmtask_task_async_wait(nullptr, 0, told::callback, nullptr, nullptr)},
        {"task_async_wait, no callback", vmtask_task_async_wait(task, 0, nullptr, nullptr, nullptr)},
        {"wait_give_up", vmtask_wait_give_up(nullptr)},
        {"vhd_create", vmtask_vhd_create(nullptr, "disk", &create, &posted)},
        {"vhd_create, no path", vmtask_vhd_create(engine, nullptr, &create, &posted)},
        {"vhd_create, no options", vmtask_vhd_create(engine, "disk", nullptr, &posted)},
        {"vhd_create, no task", vmtask_vhd_create(engine, "disk", &create, nullptr)},
        {"vhd_compact", vmtask_vhd_compact(nullptr, "disk", nullptr, &posted)},
        {"vhd_compact, no path", vmtask_vhd_compact(engine, nullptr, nullptr, &posted)},
        {"vhd_convert", vmtask_vhd_convert(nullptr, "disk", "other", nullptr, &posted)},
        {"vhd_convert, no source", vmtask_vhd_convert(engine, nullptr, "other", nullptr, &posted)},
        {"vhd_convert, no target", vmtask_vhd_convert(engine, "disk", nullptr, nullptr, &posted)},
        {"vhd_resize", vmtask_vhd_resize(nullptr, "disk", &resize, &posted)},
        {"vhd_resize, no path", vmtask_vhd_resize(engine, nullptr, &resize, &posted)},
        {"vhd_resize, no options", vmtask_vhd_resize(engine, "disk", nullptr, &posted)},
        {"vhd_merge", vmtask_vhd_merge(nullptr, "disk", nullptr, &posted)},
        {"vhd_merge, no path", vmtask_vhd_merge(engine, nullptr, nullptr, &posted)},
        {"vhd_merge_into", vmtask_vhd_merge_into(nullptr, "disk", "other", nullptr, &posted)},
        {"vhd_merge_into, no source", vmtask_vhd_merge_into(engine, nullptr, "other", nullptr, &posted)},
        {"vhd_merge_into, no target", vmtask_vhd_merge_into(engine, "disk", nullptr, nullptr, &posted)},
        {"vhd_set_parent", vmtask_vhd_set_parent(nullptr, "disk", "other", nullptr, &posted)},
        {"vhd_set_parent, no disk", vmtask_vhd_set_parent(engine, nullptr, "other", nullptr, &posted)},
        {"vhd_set_parent, no parent", vmtask_vhd_set_parent(engine, "disk", nullptr, nullptr, &posted)},
        {"vhd_check", vmtask_vhd_check(nullptr, "disk", nullptr, &posted)},
        {"vhd_check, no path", vmtask_vhd_check(engine, nullptr, nullptr, &posted)},
        {"vhd_repair", vmtask_vhd_repair(nullptr, "disk", nullptr, &posted)},
        {"vhd_repair, no path", vmtask_vhd_repair(engine, nullptr, nullptr, &posted)},
        {"vhd_get_create_report", vmtask_vhd_get_create_report(task, nullptr)},
        {"vhd_get_compact_report", vmtask_vhd_get_compact_report(task, nullptr)},
        {"vhd_get_write_report", vmtask_vhd_get_write_report(task, nullptr)},
        {"vhd_get_resize_report", vmtask_vhd_get_resize_report(task, nullptr)},
        {"vhd_get_merge_report", vmtask_vhd_get_merge_report(task, nullptr)},
        {"vhd_get_set_parent_report", vmtask_vhd_get_set_parent_report(task, nullptr)},
        {"vhd_get_check_report", vmtask_vhd_get_check_report(task, nullptr)},
        {"vhd_get_finding", vmtask_vhd_get_finding(task, 0, nullptr)},
        {"vhd_read_info", vmtask_vhd_read_info(nullptr, &disk)},
        {"vhd_read_info, no info", vmtask_vhd_read_info("disk", nullptr)},
        {"vhd_read_chain", vmtask_vhd_read_chain(nullptr, nullptr, &chain)},
        {"vhd_read_chain, no chain", vmtask_vhd_read_chain("disk", nullptr, nullptr)},
        {"vhd_chain_get", vmtask_vhd_chain_get(nullptr, 0, nullptr, nullptr)},
        {"vhd_chain_result", vmtask_vhd_chain_result(nullptr)},
    };

    for (const auto& [call, status] : calls) {
        INFO(call);
        CHECK(status == VMTASK_E_INVALID_ARGUMENT);
    }
    CHECK(vmtask_last_error_message() == std::string("chain is null"));
}

TEST_CASE("reports are refused for a null task", "[c_api]")
{
    auto create = ready<vmtask_vhd_create_report>();
    auto compact = ready<vmtask_vhd_compact_report>();
    auto write = ready<vmtask_vhd_write_report>();
    auto resize = ready<vmtask_vhd_resize_report>();
    auto merge = ready<vmtask_vhd_merge_report>();
    auto set_parent = ready<vmtask_vhd_set_parent_report>();
    auto check = ready<vmtask_vhd_check_report>();
    auto finding = ready<vmtask_vhd_finding>();

    CHECK(vmtask_vhd_get_create_report(nullptr, &create) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_compact_report(nullptr, &compact) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_write_report(nullptr, &write) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_resize_report(nullptr, &resize) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_merge_report(nullptr, &merge) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_set_parent_report(nullptr, &set_parent) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_check_report(nullptr, &check) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_vhd_get_finding(nullptr, 0, &finding) == VMTASK_E_INVALID_ARGUMENT);
}

TEST_CASE("nothing is given back by giving back null", "[c_api]")
{
    CHECK(vmtask_engine_destroy(nullptr) == VMTASK_OK);
    CHECK(vmtask_task_retain(nullptr) == nullptr);
    vmtask_task_release(nullptr);
    vmtask_tasks_release(nullptr, 5);
    vmtask_wait_release(nullptr);
    vmtask_vhd_chain_release(nullptr);
    vmtask_outcome_release(nullptr);
    CHECK(vmtask_vhd_chain_length(nullptr) == 0);
}

TEST_CASE("a struct whose size was not set is refused", "[c_api]")
{
    const engine_owner engine = make_engine();
    const task_owner task = ended_task(engine);
    vmtask_engine* made = nullptr;

    for (const std::size_t size : {std::size_t{0}, sizeof(vmtask_task_info) - 1, SIZE_MAX}) {
        auto options = ready<vmtask_engine_options>();
        options.struct_size = size;
        CHECK(vmtask_engine_create(&options, &made) == VMTASK_E_STRUCT_SIZE);
        auto info = ready<vmtask_task_info>();
        info.struct_size = size;
        CHECK(vmtask_task_get_info(task.get(), &info) == VMTASK_E_STRUCT_SIZE);
        CHECK(info.id == 0);
    }
}

TEST_CASE("a program compiled for a later version runs with this one", "[c_api]")
{
    const engine_owner engine = make_engine();
    vmtask_task* posted = nullptr;

    auto options = ready_later<vmtask_post_options>();
    options.known.description = "later";
    REQUIRE(vmtask_engine_post(engine.get(), &options.known, succeed, nullptr, &posted) == VMTASK_OK);
    const task_owner task(posted);
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    auto info = ready_later<vmtask_task_info>();
    info.added = 5;
    REQUIRE(vmtask_task_get_info(task.get(), &info.known) == VMTASK_OK);
    CHECK(info.known.description == std::string("later"));
    CHECK(info.known.struct_size == sizeof info);
    CHECK(info.added == 0);
}

TEST_CASE("a program compiled before there were terms runs with this version", "[c_api]")
{
    const engine_owner engine = make_engine();
    vmtask_task* posted = nullptr;
    auto options = ready<vmtask_post_options>();
    options.struct_size = offsetof(vmtask_post_options, terms);
    // What lies behind such a program's struct is none of ours.
    options.terms = reinterpret_cast<const vmtask_terms*>(1);
    REQUIRE(vmtask_engine_post(engine.get(), &options, succeed, nullptr, &posted) == VMTASK_OK);
    const task_owner task(posted);
    REQUIRE(vmtask_task_wait(task.get(), patience_ms) == VMTASK_OK);

    const auto refused_when_shorter = [&](auto before, auto start) {
        before.struct_size = offsetof(decltype(before), terms) - 1;
        CHECK(start(&before) == VMTASK_E_STRUCT_SIZE);
        before.struct_size = offsetof(decltype(before), terms);
        CHECK(start(&before) == VMTASK_OK);
        vmtask_task_release(posted);
    };
    refused_when_shorter(ready<vmtask_vhd_create_options>(), [&](const vmtask_vhd_create_options* given) {
        return vmtask_vhd_create(engine.get(), "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_compact_options>(), [&](const vmtask_vhd_compact_options* given) {
        return vmtask_vhd_compact(engine.get(), "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_convert_options>(), [&](const vmtask_vhd_convert_options* given) {
        return vmtask_vhd_convert(engine.get(), "/dev/null", "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_resize_options>(), [&](const vmtask_vhd_resize_options* given) {
        return vmtask_vhd_resize(engine.get(), "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_merge_options>(), [&](const vmtask_vhd_merge_options* given) {
        return vmtask_vhd_merge(engine.get(), "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_merge_into_options>(), [&](const vmtask_vhd_merge_into_options* given) {
        return vmtask_vhd_merge_into(engine.get(), "/dev/null", "/dev/null", given, &posted);
    });
    refused_when_shorter(ready<vmtask_vhd_check_options>(), [&](const vmtask_vhd_check_options* given) {
        return vmtask_vhd_check(engine.get(), "/dev/null", given, &posted);
    });
}

TEST_CASE("options that this version does not know are refused, not ignored", "[c_api]")
{
    const engine_owner engine = make_engine();
    vmtask_task* posted = nullptr;

    auto options = ready_later<vmtask_post_options>();
    options.added = 1;
    CHECK(vmtask_engine_post(engine.get(), &options.known, succeed, nullptr, &posted) == VMTASK_E_UNKNOWN_OPTION);

    auto reserved = ready<vmtask_post_options>();
    reserved.reserved = 1;
    CHECK(vmtask_engine_post(engine.get(), &reserved, succeed, nullptr, &posted) == VMTASK_E_UNKNOWN_OPTION);
    CHECK(posted == nullptr);
}

TEST_CASE("values that there are not are refused", "[c_api]")
{
    const engine_owner engine = make_engine();
    vmtask_task* task = nullptr;
    auto create = ready<vmtask_vhd_create_options>();
    auto convert = ready<vmtask_vhd_convert_options>();

    CHECK(vmtask_engine_shutdown(engine.get(), 2, 0, nullptr) == VMTASK_E_INVALID_ARGUMENT);
    create.type = 5;
    CHECK(vmtask_vhd_create(engine.get(), "disk", &create, &task) == VMTASK_E_INVALID_ARGUMENT);
    create.type = VMTASK_VHD_TYPE_DIFFERENCING;
    CHECK(vmtask_vhd_create(engine.get(), "disk", &create, &task) == VMTASK_E_INVALID_ARGUMENT);
    create.type = VMTASK_VHD_TYPE_FIXED;
    create.parent = "parent";
    CHECK(vmtask_vhd_create(engine.get(), "disk", &create, &task) == VMTASK_E_INVALID_ARGUMENT);
    convert.format = -1;
    CHECK(vmtask_vhd_convert(engine.get(), "disk", "other", &convert, &task) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(vmtask_state_name(-1) == std::string("unknown"));
    CHECK(vmtask_state_name(VMTASK_STATE_CANCELLED) == std::string("cancelled"));
}
