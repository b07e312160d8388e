// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_TERMS_H
#define VMTASK_C_API_TERMS_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>

VMTASK_BEGIN_C

/// Which of the queued tasks begins first; equal ones begin in the order in
/// which they came. One of a lower priority that has waited for 30 seconds is
/// worth as much as a newer one of the next higher.
typedef int32_t vmtask_priority;

enum { VMTASK_PRIORITY_NORMAL = 0, VMTASK_PRIORITY_HIGH = 1, VMTASK_PRIORITY_LOW = 2 };

/// What becomes of a task that claims what is not free.
typedef int32_t vmtask_when_busy;

enum {
    VMTASK_WHEN_BUSY_QUEUE = 0,   // it waits until all that it claims is its own
    VMTASK_WHEN_BUSY_FAIL = 1,    // nothing is posted: VMTASK_E_RESOURCE_BUSY
    VMTASK_WHEN_BUSY_REPLACE = 2, // it waits, and queued tasks of its kind with its claims are cancelled
    VMTASK_WHEN_BUSY_JOIN = 3     // the task of its kind with its claims that is there is handed out instead
};

/// What becomes of a task when one that it was to begin after did not succeed.
typedef int32_t vmtask_after_failure;

enum {
    VMTASK_AFTER_FAILURE_FAIL = 0, // it fails with VMTASK_E_PREDECESSOR_FAILED and never begins
    VMTASK_AFTER_FAILURE_BEGIN = 1 // it begins all the same, once all of them have ended
};

/// Whether a task that has failed with that status is worth another attempt: 0
/// or not 0. Called on the thread on which the body ended.
typedef uint32_t (*vmtask_repeat_on)(vmtask_status status, void* user);

/// What a task needs before it begins, how long it may take, and whether it is
/// tried again. Zero is no term at all. Everything is copied, but for `repeat_user`;
/// text may be null, and so may an array whose count is 0.
///
/// What one waits for comes in this order: tasks, resources, the lane, a worker.
/// None of it costs a thread.
typedef struct vmtask_terms {
    size_t struct_size;
    /// What sort of task it is, such as "back up". Two of one kind with the same
    /// claims are the same request. A task on disks has its own, such as "compact".
    const char* kind;
    const char* initiator; // who wants it, for people
    const char* reason;    // why, for people
    /// Of which tasks only some may be under way at once: see
    /// vmtask_engine_set_lane_limit().
    const char* lane;
    /// Resources, by any names that the callers agree upon, which nobody else may
    /// use meanwhile. All that a task claims it gets together; each resource is
    /// granted in the order in which the tasks came. Tasks on disks also claim
    /// their files.
    const char* const* exclusive;
    size_t exclusive_count;
    /// Resources that others may claim as well, but none exclusively.
    const char* const* shared;
    size_t shared_count;
    /// Tasks that must have ended before, of any engine.
    vmtask_task* const* after;
    size_t after_count;
    /// The task that this one is a part of, of the same engine: it does not end
    /// before its parts, hands its own cancel on to them, and shares its claims.
    vmtask_task* parent;
    /// How long it may take, in milliseconds; 0: as long as it likes. A task for
    /// which one has passed says so (vmtask_task_info) and is asked to cancel,
    /// unless `limits_only_reported` says otherwise.
    int64_t queued_limit_ms;           // from the post, or the end of an attempt
    int64_t running_limit_ms;          // each attempt, without the time paused
    int64_t total_limit_ms;            // from the post
    int64_t without_progress_limit_ms; // since it said anything new
    /// Of VMTASK_LIMIT_QUEUED and so on: those that do not cancel.
    uint32_t limits_only_reported;
    /// How often it is begun at most, while it fails. 0 or 1: once.
    uint32_t attempts;
    int64_t first_delay_ms;   // before the second attempt. 0: one second; less: none
    int64_t longest_delay_ms; // 0: one minute
    double delay_growth;      // of each further delay over the one before. 0: 2
    double delay_jitter;      // the part of itself by which it is varied, up to 1. 0: 0.2; less: none
    /// Null: every failure is worth another attempt. `repeat_user` has to live
    /// until the task has ended.
    vmtask_repeat_on repeat_on;
    void* repeat_user;
    vmtask_priority priority;
    vmtask_when_busy when_busy;
    vmtask_after_failure after_failure;
    /// Zero.
    uint32_t reserved;
} vmtask_terms;

/// Gives a queued task another priority; it comes after those that have it
/// already.
///
/// Errors: VMTASK_E_ALREADY_BEGUN, VMTASK_E_ALREADY_ENDED.
VMTASK_API vmtask_status vmtask_task_set_priority(vmtask_task* task, vmtask_priority priority);

/// Why a queued task has not begun.
typedef int32_t vmtask_obstacle_kind;

enum {
    VMTASK_OBSTACLE_NONE = 0,        // it is not queued
    VMTASK_OBSTACLE_WORKER = 1,      // nothing but its turn
    VMTASK_OBSTACLE_PREDECESSOR = 2, // tasks that it is to begin after
    VMTASK_OBSTACLE_RESOURCE = 3,    // something that it claims
    VMTASK_OBSTACLE_LANE = 4,        // its lane is full
    VMTASK_OBSTACLE_DELAY = 5,       // it has failed and is tried again after a while
    VMTASK_OBSTACLE_HOLD = 6,        // it is paused
    VMTASK_OBSTACLE_START_TIME = 7   // its time has not come
};

/// What a queued task waits for, at the moment of the question.
typedef struct vmtask_obstacle {
    size_t struct_size;
    vmtask_obstacle_kind kind;
    /// Zero.
    uint32_t reserved;
    char name[496]; // the first resource that is not free, or the lane; cut where it is longer
} vmtask_obstacle;

/// Fills `obstacle`, which is ready by VMTASK_INIT. `tasks` and `count` get those
/// who must end before, oldest first: the predecessors that have not ended, or who
/// holds or comes first for what it claims. Both may be null; else to be given back
/// by vmtask_tasks_release().
VMTASK_API vmtask_status vmtask_task_get_obstacle(const vmtask_task* task, vmtask_obstacle* obstacle,
                                                  vmtask_task*** tasks, size_t* count);

VMTASK_END_C

#endif
