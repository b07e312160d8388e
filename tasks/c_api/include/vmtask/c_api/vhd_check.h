// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_VHD_CHECK_H
#define VMTASK_C_API_VHD_CHECK_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>
#include <vmtask/c_api/vhd_options.h>

VMTASK_BEGIN_C

/// Of vmtask_vhd_check() and vmtask_vhd_repair(); as the reports of
/// vmtask/c_api/vhd_report.h.
typedef struct vmtask_vhd_check_report {
    size_t struct_size;
    uint64_t findings;     // for vmtask_vhd_get_finding(); of each defect the first 100
    uint64_t unlisted;     // that there are besides
    uint64_t virtual_size; // bytes, as far as known
    uint64_t file_size;    // bytes
    uint64_t blocks_allocated;
    vmtask_vhd_type type; // if it could be told, else 0
    uint32_t is_sound;    // 1 when nothing but notes is left, else 0
} vmtask_vhd_check_report;

VMTASK_API vmtask_status vmtask_vhd_get_check_report(const vmtask_task* task, vmtask_vhd_check_report* report);

/// How bad a finding is.
typedef int32_t vmtask_vhd_severity;

enum {
    VMTASK_VHD_SEVERITY_NOTE = 0,    // harmless
    VMTASK_VHD_SEVERITY_WARNING = 1, // some programs see the disk otherwise, or refuse it
    VMTASK_VHD_SEVERITY_ERROR = 2    // the disk cannot be used as it is, or not all of it
};

/// One thing that was found. Text lives as long as the task is held.
typedef struct vmtask_vhd_finding {
    size_t struct_size;
    const char* name;        // of the defect, for machines, as in "blocks_overlap"
    const char* description; // of the defect, one sentence
    const char* detail;      // which block, what value; may be empty
    uint64_t offset;         // in the file, bytes
    vmtask_vhd_severity severity;
    uint8_t is_mendable; // by vmtask_vhd_repair()
    uint8_t is_mended;
    uint8_t reserved[2];
} vmtask_vhd_finding;

/// The finding of that number, from 0. Errors also: VMTASK_E_INVALID_ARGUMENT
/// when there are no more.
VMTASK_API vmtask_status vmtask_vhd_get_finding(const vmtask_task* task, uint64_t number, vmtask_vhd_finding* finding);

VMTASK_END_C

#endif
