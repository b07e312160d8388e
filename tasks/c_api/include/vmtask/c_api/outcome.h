// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_OUTCOME_H
#define VMTASK_C_API_OUTCOME_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>

VMTASK_BEGIN_C

/// All there is to say about how a task came out, for logs, histories and people:
/// a copy, which does not change.
typedef struct vmtask_outcome vmtask_outcome;

/// Takes it; never waits for the task. Of one that has not ended it has what is
/// known so far.
///
/// To be given back by vmtask_outcome_release().
VMTASK_API vmtask_status vmtask_task_read_outcome(const vmtask_task* task, vmtask_outcome** outcome);

/// Gives it back. Null is fine.
VMTASK_API void vmtask_outcome_release(vmtask_outcome* outcome);

/// On whose behalf a task was first asked to cancel.
typedef int32_t vmtask_cancel_origin;

enum {
    VMTASK_CANCEL_ORIGIN_NONE = 0,       // nobody's: it was not asked
    VMTASK_CANCEL_ORIGIN_CALLER = 1,     // that of a caller of vmtask_task_request_cancel()
    VMTASK_CANCEL_ORIGIN_PARENT = 2,     // the task that it is a part of was cancelled, or has failed
    VMTASK_CANCEL_ORIGIN_REPLACED = 3,   // a later task of the same kind has made it needless
    VMTASK_CANCEL_ORIGIN_TIME_LIMIT = 4, // it took longer than its terms allow
    VMTASK_CANCEL_ORIGIN_SHUTDOWN = 5    // the engine's, which is shutting down
};

/// Times are in milliseconds since 1970-01-01 00:00:00 UTC, right to a few of them;
/// 0: it has not happened. Text lives as long as the outcome; it may be empty.
typedef struct vmtask_outcome_info {
    size_t struct_size;
    const char* message; // what went wrong, for people; empty when it has succeeded or not ended
    const char* step;    // the one it reported last; for a failure, the one it was in
    const char* kind;    // as its terms said, and the two that follow
    const char* initiator;
    const char* reason;
    uint64_t causes;           // that led to the failure, for vmtask_outcome_get_cause()
    uint64_t warnings;         // for vmtask_outcome_get_warning()
    uint64_t warnings_dropped; // that there were besides
    int64_t queued_at_ms;
    int64_t started_at_ms; // its first attempt
    int64_t ended_at_ms;
    int64_t cancel_requested_at_ms;
    vmtask_state state;
    vmtask_status result; // as vmtask_task_result() says
    uint32_t attempts;    // how often it was begun
    /// A task that then got to its end has succeeded all the same.
    vmtask_cancel_origin cancel_requested;
} vmtask_outcome_info;

/// Fills `info`, which is ready by VMTASK_INIT.
VMTASK_API vmtask_status vmtask_outcome_get_info(const vmtask_outcome* outcome, vmtask_outcome_info* info);

/// One failure on the way to the task's.
typedef struct vmtask_cause {
    size_t struct_size;
    const char* message; // lives as long as the outcome
    vmtask_status status;
    int32_t system; // as vmtask_last_error_system() says
} vmtask_cause;

/// The cause of that number, from 0, the nearest first.
///
/// Errors: VMTASK_E_INVALID_ARGUMENT when there are no more.
VMTASK_API vmtask_status vmtask_outcome_get_cause(const vmtask_outcome* outcome, uint64_t number, vmtask_cause* cause);

/// What the task warned of, by number from 0, in that order. The text lives as
/// long as the outcome.
///
/// Errors: VMTASK_E_INVALID_ARGUMENT when there are no more.
VMTASK_API vmtask_status vmtask_outcome_get_warning(const vmtask_outcome* outcome, uint64_t number,
                                                    const char** warning);

VMTASK_END_C

#endif
