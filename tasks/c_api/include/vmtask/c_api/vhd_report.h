// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_VHD_REPORT_H
#define VMTASK_C_API_VHD_REPORT_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>

VMTASK_BEGIN_C

// What a task that has succeeded did. Sizes are in bytes. A report is filled
// into a struct that VMTASK_INIT has made ready, from the handle that the
// starting call gave, or any reference to it; one from vmtask_engine_list_tasks()
// or vmtask_engine_find_task() does not have it.
//
// Errors of all: VMTASK_E_NO_REPORT when the task is of another kind,
// VMTASK_E_NOT_ENDED; what vmtask_task_result() returns for a task that has not
// succeeded.

typedef struct vmtask_vhd_create_report {
    size_t struct_size;
    uint64_t virtual_size; // exactly as asked
    uint64_t file_size;
} vmtask_vhd_create_report;

VMTASK_API vmtask_status vmtask_vhd_get_create_report(const vmtask_task* task, vmtask_vhd_create_report* report);

typedef struct vmtask_vhd_compact_report {
    size_t struct_size;
    uint64_t blocks_scanned; // all that had a place in the file
    uint64_t blocks_freed;   // of these, the ones without data
    uint64_t blocks_moved;   // of these, the ones that got another place
    uint64_t file_size_before;
    uint64_t file_size_after;
    uint64_t bytes_read;           // of blocks; holes are not read
    uint64_t bytes_written;        // of blocks, table and footer
    uint64_t bytes_punched;        // that were given back inside of blocks
    uint32_t parent_seems_changed; // 0 or 1; see vmtask_vhd_link
    uint32_t reserved;
} vmtask_vhd_compact_report;

VMTASK_API vmtask_status vmtask_vhd_get_compact_report(const vmtask_task* task, vmtask_vhd_compact_report* report);

/// Of vmtask_vhd_convert() and vmtask_vhd_merge_into().
typedef struct vmtask_vhd_write_report {
    size_t struct_size;
    uint64_t virtual_size;
    uint64_t file_size;
    uint64_t bytes_read;    // of the guest's data; what is known to be zeros is not read
    uint64_t bytes_written; // of the guest's data
    uint64_t blocks_allocated;
    uint32_t parent_seems_changed; // 0 or 1; see vmtask_vhd_link
    uint32_t reserved;
} vmtask_vhd_write_report;

VMTASK_API vmtask_status vmtask_vhd_get_write_report(const vmtask_task* task, vmtask_vhd_write_report* report);

typedef struct vmtask_vhd_resize_report {
    size_t struct_size;
    uint64_t virtual_size_before;
    uint64_t virtual_size_after;
    uint64_t file_size;
    uint64_t blocks_moved; // to make room for the table
} vmtask_vhd_resize_report;

VMTASK_API vmtask_status vmtask_vhd_get_resize_report(const vmtask_task* task, vmtask_vhd_resize_report* report);

typedef struct vmtask_vhd_merge_report {
    size_t struct_size;
    const char* parent;     // its file; lives as long as the task is held
    uint64_t blocks_merged; // of the child, that had data of their own
    uint64_t bytes_read;    // of the guest's data, from the child
    uint64_t bytes_written; // of the guest's data
    uint64_t parent_file_size_before;
    uint64_t parent_file_size_after;
    uint32_t child_removed;        // 0 or 1
    uint32_t parent_seems_changed; // 0 or 1; see vmtask_vhd_link
} vmtask_vhd_merge_report;

VMTASK_API vmtask_status vmtask_vhd_get_merge_report(const vmtask_task* task, vmtask_vhd_merge_report* report);

typedef struct vmtask_vhd_set_parent_report {
    size_t struct_size;
    // Text lives as long as the task is held.
    const char* parent;            // its file
    const char* missing_beneath;   // why the parent's own chain is not whole; empty if it is
    uint64_t file_size;            // of the disk
    uint64_t blocks_moved;         // to make room for longer paths
    uint32_t parent_seems_changed; // 0 or 1; see vmtask_vhd_link
    uint32_t reserved;
} vmtask_vhd_set_parent_report;

VMTASK_API vmtask_status vmtask_vhd_get_set_parent_report(const vmtask_task* task,
                                                          vmtask_vhd_set_parent_report* report);

VMTASK_END_C

#endif
