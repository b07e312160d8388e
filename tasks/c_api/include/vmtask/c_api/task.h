// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_TASK_H
#define VMTASK_C_API_TASK_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>

VMTASK_BEGIN_C

/// A posted task: watch it, wait for it, ask it to stop. It is counted; giving
/// back the last reference does not stop the task. It may outlive its engine.
typedef struct vmtask_task vmtask_task;

/// Counts one more owner, each of whom calls vmtask_task_release(). Returns
/// `task`. Null is fine.
VMTASK_API vmtask_task* vmtask_task_retain(vmtask_task* task);

/// Gives back one reference. Null is fine.
VMTASK_API void vmtask_task_release(vmtask_task* task);

/// Where a task is in its life. It ends exactly once.
typedef int32_t vmtask_state;

enum {
    VMTASK_STATE_QUEUED = 0,
    VMTASK_STATE_RUNNING = 1,
    VMTASK_STATE_PAUSED = 2,
    VMTASK_STATE_SUCCEEDED = 3,
    VMTASK_STATE_FAILED = 4,
    VMTASK_STATE_CANCELLED = 5
};

/// "queued", "running" and so on; "unknown" for others. Constant.
VMTASK_API const char* vmtask_state_name(vmtask_state state);

/// Which time limit; one bit each. See vmtask_terms.
enum { VMTASK_LIMIT_QUEUED = 1, VMTASK_LIMIT_RUNNING = 2, VMTASK_LIMIT_TOTAL = 4, VMTASK_LIMIT_WITHOUT_PROGRESS = 8 };

/// What a task is, and where. The flags are 0 or 1.
typedef struct vmtask_task_info {
    size_t struct_size;
    /// Unique within the engine, never 0, higher for tasks posted later.
    uint64_t id;
    /// Lives as long as the task is held.
    const char* description;
    vmtask_state state;
    /// What vmtask_task_result() would return.
    vmtask_status result;
    /// 0 to 100. Never falls; 100 only when the task has succeeded.
    int32_t percent_completed;
    uint8_t is_complete;      // it has ended, however it did
    uint8_t is_cancelable;    // vmtask_task_request_cancel() would be accepted
    uint8_t cancel_requested; // it was, even if the task then succeeded
    uint8_t limits_passed;    // those of VMTASK_LIMIT_QUEUED and so on
} vmtask_task_info;

/// Fills `info`, which is ready by VMTASK_INIT. Only what it says of an ended
/// task is still true when read.
VMTASK_API vmtask_status vmtask_task_get_info(const vmtask_task* task, vmtask_task_info* info);

/// What a task said last about its progress: advice for people, never a proof
/// that the task has ended.
typedef struct vmtask_progress {
    size_t struct_size;
    double fraction;         // 0 to 1; never falls, and is 1 only when the task has succeeded
    uint64_t done;           // in units; 0 when only the fraction is known
    uint64_t total;          // in units; 0 when unknown
    double units_per_second; // negative while unknown
    int64_t time_left_ms;    // at that speed; negative while unknown
    char unit[32];           // such as "bytes"; may be empty; cut where it is longer
    char step[224];          // what it is doing now; may be empty; cut where it is longer
} vmtask_progress;

/// Fills `progress`, which is ready by VMTASK_INIT, with one consistent set. Speed
/// and time left are measured between such calls, and known from the second on if
/// that comes a second later or more.
VMTASK_API vmtask_status vmtask_task_get_progress(const vmtask_task* task, vmtask_progress* progress);

/// How the task came out: VMTASK_OK when it has succeeded, VMTASK_E_CANCELLED
/// when it was stopped, VMTASK_E_NOT_ENDED while it has not ended, else its own
/// error. Never blocks. vmtask_last_error_message() then has the task's reason.
VMTASK_API vmtask_status vmtask_task_result(const vmtask_task* task);

/// Asks the task to stop, and returns at once. It stops where that leaves
/// nothing half done, unless it gets to its end first and succeeds. Asking again
/// is harmless.
///
/// Errors: VMTASK_E_NOT_CANCELABLE, VMTASK_E_ALREADY_ENDED.
VMTASK_API vmtask_status vmtask_task_request_cancel(vmtask_task* task);

/// Holds the task until vmtask_task_resume() has been called as often: if it is
/// queued it does not begin; if it runs it stays at its next checkpoint, where it
/// keeps what it has open, and its state is VMTASK_STATE_PAUSED from then on. A
/// cancel reaches it all the same.
///
/// Errors: VMTASK_E_ALREADY_ENDED.
VMTASK_API vmtask_status vmtask_task_pause(vmtask_task* task);

/// Takes back one vmtask_task_pause(); lets the task go on when it was the last.
///
/// Errors: VMTASK_E_NOT_PAUSED, VMTASK_E_ALREADY_ENDED.
VMTASK_API vmtask_status vmtask_task_resume(vmtask_task* task);

/// Blocks until the task has ended or `timeout_ms` milliseconds have passed,
/// whichever is first. VMTASK_OK says that it has ended, not that it has
/// succeeded: that is vmtask_task_result().
///
/// Errors: VMTASK_E_TIMED_OUT; the task is left alone. VMTASK_E_WOULD_DEADLOCK
/// at once, in a body or a callback, when the wait could never end, and
/// VMTASK_E_NO_WORKER when no worker would be left for the tasks that are queued.
VMTASK_API vmtask_status vmtask_task_wait(const vmtask_task* task, int64_t timeout_ms);

/// A wait that goes on in the background. It is counted like a task.
typedef struct vmtask_wait vmtask_wait;

/// Told of the end of a wait: VMTASK_OK when the task has ended,
/// VMTASK_E_TIMED_OUT, or VMTASK_E_GIVEN_UP. `task` is not to be given back.
///
/// It should not block, as that delays the others. No exception and no longjmp()
/// may leave it.
typedef void (*vmtask_wait_callback)(vmtask_task* task, vmtask_status status, void* user);

/// Begins a wait and returns at once. `callback` is called exactly once when
/// this succeeds, and never when it fails; so it may free `user`.
///
/// It is called on a thread of the engine's event loop, so that busy workers do
/// not delay it, and never within this call; it may come before this returns.
/// When the engine has been destroyed, it is another thread of the library; while
/// it is being destroyed, it may be the one that does that.
/// With one event loop thread, which is the default, calls follow each other.
///
/// `wait` may be null; else it is to be given back by vmtask_wait_release().
VMTASK_API vmtask_status vmtask_task_async_wait(vmtask_task* task, int64_t timeout_ms, vmtask_wait_callback callback,
                                                void* user, vmtask_wait** wait);

/// Gives up the wait and leaves the task alone: the callback is called, soon and
/// with VMTASK_E_GIVEN_UP, unless the wait had come out otherwise before.
VMTASK_API vmtask_status vmtask_wait_give_up(vmtask_wait* wait);

/// Gives back the wait, which goes on. Null is fine.
VMTASK_API void vmtask_wait_release(vmtask_wait* wait);

VMTASK_END_C

#endif
