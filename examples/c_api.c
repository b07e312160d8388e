// SPDX-License-Identifier: BSL-1.0
//
// Compacts a disk from C, showing its progress, and stops on a time limit or on
// Ctrl-C, which leaves the disk whole.
//
//     c_api [--limit SECONDS] DISK.vhd
//
// Exits 0 when the disk is compact, 1 when it is not, 2 on bad usage, 130 when it
// was interrupted.

#define _POSIX_C_SOURCE 200809L // for clock_gettime()

#include <vmtask.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t interrupted = 0;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

struct arguments {
    const char* disk;
    double limit; // seconds; 0: none
};

static int parse(int argc, char** argv, struct arguments* arguments)
{
    memset(arguments, 0, sizeof *arguments);
    if (argc == 4 && strcmp(argv[1], "--limit") == 0) {
        char* end;
        arguments->limit = strtod(argv[2], &end);
        if (end == argv[2] || *end != '\0' || !(arguments->limit > 0)) return 0;
    } else if (argc != 2) {
        return 0;
    }
    arguments->disk = argv[argc - 1];
    return arguments->disk[0] != '-';
}

static int complain(void)
{
    fprintf(stderr, "%s\n", vmtask_last_error_message());
    return 1;
}

// In a monotonic clock's seconds.
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void show_progress(const char* disk, const vmtask_task* task)
{
    vmtask_progress progress;
    VMTASK_INIT(progress);
    if (vmtask_task_get_progress(task, &progress) != VMTASK_OK) return;
    printf("%s: %d %%, %s\n", disk, (int)(progress.fraction * 100), progress.step);
    fflush(stdout);
}

// A wait that timed out is the moment to look around. Asked to stop, the task
// does so between two blocks, and only then is the disk whole; so we go on
// waiting.
static vmtask_status watch(const struct arguments* arguments, vmtask_task* task)
{
    const double begin = now();
    int stopping = 0;
    vmtask_status waited;
    while ((waited = vmtask_task_wait(task, 200)) == VMTASK_E_TIMED_OUT) {
        const int late = arguments->limit > 0 && now() - begin >= arguments->limit;
        show_progress(arguments->disk, task);
        if (stopping || (!interrupted && !late)) continue;
        stopping = 1;
        printf("%s: %s, stopping\n", arguments->disk, interrupted ? "interrupted" : "out of time");
        fflush(stdout);
        // Past its point of no return it refuses, and is about to end.
        if (vmtask_task_request_cancel(task) != VMTASK_OK) printf("%s: finishing\n", arguments->disk);
    }
    return waited;
}

static int report(const char* disk, const vmtask_task* task)
{
    const vmtask_status result = vmtask_task_result(task);
    vmtask_vhd_compact_report report;
    VMTASK_INIT(report);
    if (result == VMTASK_E_CANCELLED) {
        printf("%s: cancelled, the disk is whole\n", disk);
        return interrupted ? 130 : 1;
    }
    if (result != VMTASK_OK || vmtask_vhd_get_compact_report(task, &report) != VMTASK_OK) return complain();
    printf("%s: done, %" PRIu64 " -> %" PRIu64 " bytes\n", disk, report.file_size_before, report.file_size_after);
    return 0;
}

static int compact(vmtask_engine* engine, const struct arguments* arguments)
{
    vmtask_task* task;
    int code;
    if (vmtask_vhd_compact(engine, arguments->disk, NULL, &task) != VMTASK_OK) return complain();
    code = watch(arguments, task) == VMTASK_OK ? report(arguments->disk, task) : complain();
    vmtask_task_release(task);
    return code;
}

int main(int argc, char** argv)
{
    struct arguments arguments;
    vmtask_engine* engine;
    int code;
    if (!parse(argc, argv, &arguments)) {
        fputs("usage: c_api [--limit SECONDS] DISK.vhd\n", stderr);
        return 2;
    }
    signal(SIGINT, on_interrupt);
    if (vmtask_engine_create(NULL, &engine) != VMTASK_OK) return complain();
    code = compact(engine, &arguments);
    vmtask_engine_destroy(engine);
    return code;
}
