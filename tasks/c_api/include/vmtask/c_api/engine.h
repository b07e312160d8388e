// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_ENGINE_H
#define VMTASK_C_API_ENGINE_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>
#include <vmtask/c_api/terms.h>

VMTASK_BEGIN_C

/// Runs tasks, on threads of its own: workers for the work, an event loop for
/// callbacks, and one that keeps time. Mostly, a program has one.
typedef struct vmtask_engine vmtask_engine;

typedef struct vmtask_engine_options {
    size_t struct_size;
    /// Threads for tasks. 0: as many as the machine has processors.
    uint32_t workers;
    /// Threads for callbacks. 0: one.
    uint32_t event_loop_threads;
    /// Tasks queued at most. 0: 1,048,576.
    uint64_t queue_limit;
    /// Ended tasks that are listed at most. 0: 1024. A held task keeps all that
    /// it has, listed or not.
    uint64_t retain_count;
    /// For how long. 0: ten minutes; less: not at all.
    int64_t retain_ms;
} vmtask_engine_options;

/// Starts an engine. `options` may be null.
///
/// To be given back by vmtask_engine_destroy().
VMTASK_API vmtask_status vmtask_engine_create(const vmtask_engine_options* options, vmtask_engine** engine);

/// How many tasks of a lane may be under way at once; 0: any number. Makes the
/// lane if there is none of that name. Those under way go on in any case.
VMTASK_API vmtask_status vmtask_engine_set_lane_limit(vmtask_engine* engine, const char* lane, uint64_t limit);

/// What a shutdown does with the tasks that there are.
typedef int32_t vmtask_shutdown_mode;

enum {
    VMTASK_SHUTDOWN_DRAIN = 0, // lets them all run to their end, queued ones too
    VMTASK_SHUTDOWN_CANCEL = 1 // asks them all to stop, and waits until they have
};

/// Takes no further task, and waits until those there are have ended, or
/// `timeout_ms` milliseconds have passed. May be repeated, as with a stricter
/// mode after a time-out. `unfinished` may be null; it gets the number of tasks
/// that had not ended.
///
/// Errors: VMTASK_E_TIMED_OUT when there are such; VMTASK_E_WOULD_DEADLOCK in a
/// callback or a body, where nothing is done.
VMTASK_API vmtask_status vmtask_engine_shutdown(vmtask_engine* engine, vmtask_shutdown_mode mode, int64_t timeout_ms,
                                                size_t* unfinished);

/// Shuts down with VMTASK_SHUTDOWN_CANCEL and VMTASK_NO_LIMIT, calls the
/// callbacks that are due, and frees the engine. Tasks that are held stay valid
/// and answer what they did. Null is fine.
///
/// Errors: VMTASK_E_WOULD_DEADLOCK in a callback or a body of this engine; it
/// lives on then.
VMTASK_API vmtask_status vmtask_engine_destroy(vmtask_engine* engine);

/// Lists all tasks that have not ended, and the ended ones that are still kept,
/// oldest first. The same task may be behind several handles: compare ids.
///
/// To be given back by vmtask_tasks_release(), also when there are none. To keep
/// one of them, vmtask_task_retain() it.
VMTASK_API vmtask_status vmtask_engine_list_tasks(const vmtask_engine* engine, vmtask_task*** tasks, size_t* count);

/// Gives back a list and all in it. Null is fine.
VMTASK_API void vmtask_tasks_release(vmtask_task** tasks, size_t count);

/// The task of that id.
///
/// To be given back by vmtask_task_release(). Errors: VMTASK_E_NO_TASK.
VMTASK_API vmtask_status vmtask_engine_find_task(const vmtask_engine* engine, uint64_t id, vmtask_task** task);

/// A body's end of its task. Valid until the body returns.
typedef struct vmtask_context vmtask_context;

/// Work of the caller's own. A worker calls it once, or once for each attempt
/// that its terms allow, unless a cancel comes first. VMTASK_OK says that the task has succeeded, VMTASK_E_CANCELLED that it
/// stopped as it was asked to, anything else is the task's error; codes from
/// VMTASK_E_USER on are the caller's to define. It may block. No exception and
/// no longjmp() may leave it. One that ends its thread, as pthread_exit() does,
/// fails its task; `release` is not called then. What it runs in must outlive the
/// engine: a body that begins in Python after the interpreter has ended crashes.
typedef vmtask_status (*vmtask_body)(vmtask_context* self, void* user);

/// Called once with what is no longer needed.
typedef void (*vmtask_user_release)(void* user);

typedef struct vmtask_post_options {
    size_t struct_size;
    /// What the task does, for people. May be null.
    const char* description;
    /// Called when the body has returned for the last time, or will never be
    /// called, before the task is seen to have ended; before this post returns, if
    /// the task is another one by VMTASK_WHEN_BUSY_JOIN. May be null.
    vmtask_user_release release;
    /// Not 0: vmtask_task_request_cancel() is refused.
    uint32_t not_cancelable;
    /// Zero.
    uint32_t reserved;
    /// May be null: none.
    const vmtask_terms* terms;
} vmtask_post_options;

/// Posts work of the caller's own; `user` is for the body. `options` may be
/// null. When the call fails, neither the body nor `release` is ever called.
///
/// To be given back by vmtask_task_release(). Errors: VMTASK_E_QUEUE_FULL,
/// VMTASK_E_SHUTTING_DOWN; of terms, VMTASK_E_RESOURCE_BUSY to VMTASK_E_BAD_TERMS,
/// and VMTASK_E_ALREADY_ENDED for the parent.
VMTASK_API vmtask_status vmtask_engine_post(vmtask_engine* engine, const vmtask_post_options* options, vmtask_body body,
                                            void* user, vmtask_task** task);

/// The body's own task, such as for the parts of it that the body posts.
///
/// To be given back by vmtask_task_release(); it may outlive the body.
VMTASK_API vmtask_status vmtask_context_get_task(vmtask_context* self, vmtask_task** task);

/// Says how much of the work is done. A `total` of 0 says unknown.
VMTASK_API vmtask_status vmtask_context_report_progress(vmtask_context* self, uint64_t done, uint64_t total);

/// Says what is counted, such as "bytes".
VMTASK_API vmtask_status vmtask_context_set_unit(vmtask_context* self, const char* unit);

/// Says what the task is doing now, for people.
VMTASK_API vmtask_status vmtask_context_report_step(vmtask_context* self, const char* step);

/// Warns of something that does not keep the task from succeeding; see
/// vmtask_outcome_get_warning().
VMTASK_API vmtask_status vmtask_context_add_warning(vmtask_context* self, const char* warning);

/// VMTASK_E_CANCELLED once somebody asked the task to stop. The body then undoes
/// what it must and returns that code. While the task is held, this does not
/// return.
VMTASK_API vmtask_status vmtask_context_checkpoint(vmtask_context* self);

/// The last checkpoint: VMTASK_E_CANCELLED when somebody asked the task to stop;
/// else no cancel is accepted from now on.
VMTASK_API vmtask_status vmtask_context_point_of_no_return(vmtask_context* self);

/// Says why the body is about to fail, instead of its code's general message.
VMTASK_API vmtask_status vmtask_context_set_error_message(vmtask_context* self, const char* message);

VMTASK_END_C

#endif
