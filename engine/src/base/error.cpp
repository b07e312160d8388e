// SPDX-License-Identifier: BSL-1.0
#include <vmtask/error.hpp>

#include <string>

namespace vmtask {
namespace {

class engine_error_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "vmtask"; }

    [[nodiscard]] std::string message(int code) const override
    {
        switch (static_cast<errc>(code)) {
        case errc::cancelled: return "the task was cancelled";
        case errc::timed_out: return "the time allowed for the wait has passed";
        case errc::would_deadlock: return "the wait could never end";
        case errc::queue_full: return "the engine's queue of tasks is full";
        case errc::shutting_down: return "the engine is shutting down";
        case errc::not_cancelable: return "the task cannot be cancelled";
        case errc::already_ended: return "the task has already ended";
        case errc::not_ended: return "the task has not ended yet";
        case errc::no_task: return "the handle refers to no task";
        case errc::no_body: return "the task has no body";
        case errc::task_failed: return "the task failed with an exception that carries no error code";
        case errc::abandoned: return "the task's coroutine was destroyed before its end";
        case errc::result_taken: return "the task's result has already been taken";
        case errc::resource_busy: return "a resource that the task claims is not free";
        case errc::unknown_lane: return "the engine has no lane of that name";
        case errc::cycle: return "the tasks would wait for each other";
        case errc::predecessor_failed: return "a task that had to come before did not succeed";
        case errc::already_begun: return "the task has already begun";
        case errc::not_paused: return "the task is not paused";
        case errc::other_engine: return "the tasks belong to different engines";
        case errc::bad_options: return "the options contradict each other, or one of them has no value that there is";
        case errc::no_events: return "the engine keeps no events";
        case errc::no_worker: return "no worker would be left for the tasks that are queued";
        case errc::not_journalled: return "the journal has not said that it was kept";
        case errc::unknown_kind: return "no factory makes tasks of that kind";
        case errc::kind_taken: return "tasks of that kind have a factory already";
        }
        return "unknown vmtask error " + std::to_string(code);
    }

    [[nodiscard]] std::error_condition default_error_condition(int code) const noexcept override
    {
        switch (static_cast<errc>(code)) {
        case errc::cancelled: return std::errc::operation_canceled;
        case errc::timed_out: return std::errc::timed_out;
        case errc::would_deadlock:
        case errc::cycle: return std::errc::resource_deadlock_would_occur;
        case errc::queue_full:
        case errc::no_worker: return std::errc::resource_unavailable_try_again;
        case errc::resource_busy: return std::errc::device_or_resource_busy;
        case errc::not_cancelable: return std::errc::operation_not_permitted;
        case errc::no_events: return std::errc::not_supported;
        case errc::not_journalled: return std::errc::io_error;
        case errc::no_task:
        case errc::no_body:
        case errc::unknown_lane:
        case errc::other_engine:
        case errc::bad_options:
        case errc::unknown_kind:
        case errc::kind_taken: return std::errc::invalid_argument;
        case errc::shutting_down:
        case errc::already_ended:
        case errc::not_ended:
        case errc::task_failed:
        case errc::abandoned:
        case errc::result_taken:
        case errc::predecessor_failed:
        case errc::already_begun:
        case errc::not_paused: break; // std::errc has nothing like it
        }
        return {code, *this};
    }
};

} // namespace

const std::error_category& engine_category() noexcept
{
    static const engine_error_category category;
    return category;
}

std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), engine_category()};
}

} // namespace vmtask
