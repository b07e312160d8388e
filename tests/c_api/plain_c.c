// SPDX-License-Identifier: BSL-1.0
//
// The interface from a program that knows no C++: makes a disk, compacts it,
// waits in both ways, and cancels a body of its own.
//
//     plain_c DISK.vhd
//
// Exits 0 when all came out as expected.

#include <vmtask.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(truth) expect(truth, #truth, __LINE__)

static void expect(int truth, const char* text, int line)
{
    if (truth) return;
    fprintf(stderr, "line %d: expected %s; last error: %s\n", line, text, vmtask_last_error_message());
    exit(1);
}

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t told;
    int times;
    vmtask_status status;
};

static void tell(vmtask_task* task, vmtask_status status, void* user)
{
    struct outcome* outcome = user;
    (void)task;
    pthread_mutex_lock(&outcome->mutex);
    outcome->status = status;
    ++outcome->times;
    pthread_cond_signal(&outcome->told);
    pthread_mutex_unlock(&outcome->mutex);
}

static void await_callback(struct outcome* outcome)
{
    pthread_mutex_lock(&outcome->mutex);
    while (outcome->times == 0) pthread_cond_wait(&outcome->told, &outcome->mutex);
    pthread_mutex_unlock(&outcome->mutex);
}

static vmtask_status until_cancelled(vmtask_context* self, void* user)
{
    volatile int* rounds = user;
    vmtask_status status;
    do {
        ++*rounds;
        status = vmtask_context_checkpoint(self);
    } while (status == VMTASK_OK);
    return status;
}

static void compact(vmtask_engine* engine, const char* path)
{
    struct outcome outcome = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, VMTASK_E_INTERNAL};
    vmtask_vhd_create_options options;
    vmtask_vhd_compact_report report;
    vmtask_task* task;

    VMTASK_INIT(options);
    options.size_bytes = 16 << 20;
    EXPECT(vmtask_vhd_create(engine, path, &options, &task) == VMTASK_OK);
    EXPECT(vmtask_task_wait(task, VMTASK_NO_LIMIT) == VMTASK_OK);
    EXPECT(vmtask_task_result(task) == VMTASK_OK);
    vmtask_task_release(task);

    EXPECT(vmtask_vhd_compact(engine, path, NULL, &task) == VMTASK_OK);
    EXPECT(vmtask_task_async_wait(task, VMTASK_NO_LIMIT, tell, &outcome, NULL) == VMTASK_OK);
    await_callback(&outcome);
    EXPECT(outcome.status == VMTASK_OK);
    VMTASK_INIT(report);
    EXPECT(vmtask_vhd_get_compact_report(task, &report) == VMTASK_OK);
    EXPECT(report.file_size_before == report.file_size_after);
    vmtask_task_release(task);
}

static void cancel(vmtask_engine* engine)
{
    volatile int rounds = 0;
    vmtask_task_info info;
    vmtask_task* task;

    EXPECT(vmtask_engine_post(engine, NULL, until_cancelled, (void*)&rounds, &task) == VMTASK_OK);
    EXPECT(vmtask_task_wait(task, 1) == VMTASK_E_TIMED_OUT);
    EXPECT(vmtask_task_request_cancel(task) == VMTASK_OK);
    EXPECT(vmtask_task_wait(task, VMTASK_NO_LIMIT) == VMTASK_OK);
    VMTASK_INIT(info);
    EXPECT(vmtask_task_get_info(task, &info) == VMTASK_OK);
    EXPECT(info.state == VMTASK_STATE_CANCELLED);
    EXPECT(info.result == VMTASK_E_CANCELLED);
    vmtask_task_release(task);
}

int main(int argc, char** argv)
{
    vmtask_engine* engine;

    if (argc != 2) return 2;
    EXPECT(vmtask_version() == VMTASK_VERSION);
    EXPECT(vmtask_engine_create(NULL, &engine) == VMTASK_OK);
    compact(engine, argv[1]);
    cancel(engine);
    EXPECT(vmtask_engine_destroy(engine) == VMTASK_OK);
    return 0;
}
