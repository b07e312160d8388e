// SPDX-License-Identifier: BSL-1.0

#include "handles.hpp"

#include "support/catch.hpp"

#include <memory>
#include <string>

using namespace vmtask::test;

namespace {

using outcome_owner = std::unique_ptr<vmtask_outcome, give_back<vmtask_outcome_release>>;

outcome_owner outcome_of(const task_owner& task)
{
    vmtask_outcome* outcome = nullptr;
    expect_ok(vmtask_task_read_outcome(task.get(), &outcome));
    return outcome_owner(outcome);
}

vmtask_outcome_info info_of(const outcome_owner& outcome)
{
    auto info = ready<vmtask_outcome_info>();
    expect_ok(vmtask_outcome_get_info(outcome.get(), &info));
    return info;
}

vmtask_status fail_at_work(vmtask_context* self, void*)
{
    expect_ok(vmtask_context_report_step(self, "copying"));
    expect_ok(vmtask_context_add_warning(self, "the disk is nearly full"));
    expect_ok(vmtask_context_add_warning(self, "the disk is full"));
    expect_ok(vmtask_context_set_error_message(self, "no space for the copy"));
    return VMTASK_E_DISK_TOO_FULL;
}

} // namespace

TEST_CASE("the outcome of a task in C says all that is known of it", "[c_api]")
{
    engine_owner engine = make_engine();
    auto terms = ready<vmtask_terms>();
    terms.kind = "copy";
    terms.initiator = "the nightly run";
    terms.reason = "a backup";
    auto options = ready<vmtask_post_options>();
    options.terms = &terms;
    vmtask_task* posted = nullptr;
    REQUIRE(vmtask_engine_post(engine.get(), &options, fail_at_work, nullptr, &posted) == VMTASK_OK);
    task_owner task(posted);
    REQUIRE(vmtask_task_wait(posted, patience_ms) == VMTASK_OK);

    const outcome_owner outcome = outcome_of(task);
    task.reset();
    engine.reset();

    const vmtask_outcome_info info = info_of(outcome);
    CHECK(info.state == VMTASK_STATE_FAILED);
    CHECK(info.result == VMTASK_E_DISK_TOO_FULL);
    CHECK(info.message == std::string("no space for the copy"));
    CHECK(info.step == std::string("copying"));
    CHECK(info.kind == std::string("copy"));
    CHECK(info.initiator == std::string("the nightly run"));
    CHECK(info.reason == std::string("a backup"));
    CHECK(info.attempts == 1);
    CHECK(info.causes == 0);
    CHECK(info.warnings == 2);
    CHECK(info.warnings_dropped == 0);
    CHECK(info.queued_at_ms > 1'700'000'000'000);
    CHECK(info.started_at_ms >= info.queued_at_ms);
    CHECK(info.ended_at_ms >= info.started_at_ms);
    CHECK(info.cancel_requested == VMTASK_CANCEL_ORIGIN_NONE);
    CHECK(info.cancel_requested_at_ms == 0);
    const char* warning = nullptr;
    REQUIRE(vmtask_outcome_get_warning(outcome.get(), 1, &warning) == VMTASK_OK);
    CHECK(warning == std::string("the disk is full"));
    CHECK(vmtask_outcome_get_warning(outcome.get(), 2, &warning) == VMTASK_E_INVALID_ARGUMENT);
    CHECK(warning == nullptr);
    auto cause = ready<vmtask_cause>();
    CHECK(vmtask_outcome_get_cause(outcome.get(), 0, &cause) == VMTASK_E_INVALID_ARGUMENT);
}

TEST_CASE("the outcome of a task in C says who cancelled it", "[c_api]")
{
    c_gate gate;
    engine_owner engine = make_engine();
    const task_owner held = post_held(engine, gate);
    const task_owner queued = post(engine, c_gate::hold, &gate);
    REQUIRE(vmtask_task_request_cancel(queued.get()) == VMTASK_OK);
    CHECK(info_of(outcome_of(held)).state == VMTASK_STATE_RUNNING);
    CHECK(info_of(outcome_of(held)).ended_at_ms == 0);

    engine.reset();

    const vmtask_outcome_info by_caller = info_of(outcome_of(queued));
    CHECK(by_caller.cancel_requested == VMTASK_CANCEL_ORIGIN_CALLER);
    CHECK(by_caller.cancel_requested_at_ms >= by_caller.queued_at_ms);
    CHECK(by_caller.attempts == 0);
    CHECK(by_caller.started_at_ms == 0);
    CHECK(info_of(outcome_of(held)).cancel_requested == VMTASK_CANCEL_ORIGIN_SHUTDOWN);
}
