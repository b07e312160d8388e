// SPDX-License-Identifier: BSL-1.0
//
// Makes and compacts a disk, as a stranger would who knows no C++.
//
//     consumer DISK.vhd

#include <vmtask.h>

#include <stdio.h>

static int run(vmtask_status started, vmtask_task* task)
{
    if (started == VMTASK_OK) started = vmtask_task_wait(task, VMTASK_NO_LIMIT);
    if (started == VMTASK_OK) started = vmtask_task_result(task);
    if (started != VMTASK_OK) fprintf(stderr, "consumer: %s\n", vmtask_last_error_message());
    vmtask_task_release(task);
    return started == VMTASK_OK;
}

static int use(vmtask_engine* engine, const char* disk)
{
    vmtask_vhd_create_options options;
    vmtask_task* task;
    vmtask_status started;

    VMTASK_INIT(options);
    options.size_bytes = 64 << 20;
    started = vmtask_vhd_create(engine, disk, &options, &task);
    if (!run(started, task)) return 0;
    started = vmtask_vhd_compact(engine, disk, NULL, &task);
    return run(started, task);
}

int main(int argc, char** argv)
{
    vmtask_engine* engine;
    int done;
    if (argc != 2 || vmtask_version() != VMTASK_VERSION) return 2;
    if (vmtask_engine_create(NULL, &engine) != VMTASK_OK) return 1;
    remove(argv[1]);
    done = use(engine, argv[1]);
    vmtask_engine_destroy(engine);
    return done ? 0 : 1;
}
