// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_VHD_H
#define VMTASK_C_API_VHD_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/engine.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>
#include <vmtask/c_api/vhd_check.h>
#include <vmtask/c_api/vhd_info.h>
#include <vmtask/c_api/vhd_options.h>
#include <vmtask/c_api/vhd_report.h>

VMTASK_BEGIN_C

// Each of these posts a task and returns at once; `options` may be null where
// zero is a choice for all of them. What is wrong with the disk or its file is
// the task's error, see vmtask_task_result(). The files are opened and locked
// when the task runs, and closed and unlocked before it has ended. Two tasks of
// one engine on the same disk run one after the other; those that only read it
// run at the same time.
//
// `task` is to be given back by vmtask_task_release().
//
// Errors of all: those of vmtask_engine_post().

/// Makes a new, empty disk, which appears under its name whole and durable or
/// not at all. An existing file is never touched.
VMTASK_API vmtask_status vmtask_vhd_create(vmtask_engine* engine, const char* path,
                                           const vmtask_vhd_create_options* options, vmtask_task** task);

/// Makes the file of a dynamic or differencing disk as short as its data allows,
/// in place. At every moment it is a valid image with the same data: after a
/// cancel or a kill, doing it again finishes the work.
VMTASK_API vmtask_status vmtask_vhd_compact(vmtask_engine* engine, const char* path,
                                            const vmtask_vhd_compact_options* options, vmtask_task** task);

/// Makes a new disk with the data of another, which is not changed. The new one
/// appears as with vmtask_vhd_create().
VMTASK_API vmtask_status vmtask_vhd_convert(vmtask_engine* engine, const char* from, const char* to,
                                            const vmtask_vhd_convert_options* options, vmtask_task** task);

/// Makes a fixed or dynamic disk larger, in place; what is added reads as zeros.
VMTASK_API vmtask_status vmtask_vhd_resize(vmtask_engine* engine, const char* path,
                                           const vmtask_vhd_resize_options* options, vmtask_task** task);

/// Writes what a differencing disk has of its own into its parent, and then
/// removes the disk's file. All other children of the parent become wrong.
VMTASK_API vmtask_status vmtask_vhd_merge(vmtask_engine* engine, const char* child,
                                          const vmtask_vhd_merge_options* options, vmtask_task** task);

/// Writes all that a disk shows, whatever it and its parents are, as a new disk
/// that has no parent. Nothing else is written to.
VMTASK_API vmtask_status vmtask_vhd_merge_into(vmtask_engine* engine, const char* disk, const char* target,
                                               const vmtask_vhd_merge_into_options* options, vmtask_task** task);

/// Makes a differencing disk name `parent` as its parent: the same one, moved or
/// renamed, or another. At every moment it is a valid image that names the old
/// parent or the new one; no data is copied.
VMTASK_API vmtask_status vmtask_vhd_set_parent(vmtask_engine* engine, const char* disk, const char* parent,
                                               const vmtask_vhd_set_parent_options* options, vmtask_task** task);

/// Finds all that is wrong with an image and its parents, and writes nothing. A
/// defect is no error of the task; see vmtask_vhd_get_check_report().
VMTASK_API vmtask_status vmtask_vhd_check(vmtask_engine* engine, const char* path,
                                          const vmtask_vhd_check_options* options, vmtask_task** task);

/// The same, and mends of the image itself what can be mended without guessing.
VMTASK_API vmtask_status vmtask_vhd_repair(vmtask_engine* engine, const char* path,
                                           const vmtask_vhd_check_options* options, vmtask_task** task);

VMTASK_END_C

#endif
