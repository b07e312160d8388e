// SPDX-License-Identifier: BSL-1.0
//
// vmtask for C: long work, such as compacting a virtual disk, as tasks that one
// can wait for with a time-out, watch, and ask to stop. C99 or newer, or C++.
//
// What holds for all of it:
//
// - A call returns VMTASK_OK or why it failed; vmtask_last_error_message() has
//   the whole sentence. A null pointer where something is needed is
//   VMTASK_E_INVALID_ARGUMENT, memory that cannot be had is VMTASK_E_NO_MEMORY.
//   No exception leaves a call.
// - What a call hands out through a `vmtask_x **` belongs to the caller, who
//   gives it back once, by the function that is named there. When the call
//   fails, it has handed out a null pointer.
// - Text is UTF-8 and ends with a zero. Paths are the system's bytes. What is
//   passed in is copied; what is handed out says how long it lives.
// - A struct begins with its size. VMTASK_INIT(x) sets that and zeroes the rest,
//   and zero is every member's default. Later versions add members at the end
//   only, so that a program runs with a newer library than it was compiled for.
// - All functions may be called from all threads, also on one object at once,
//   except for giving an object back while another thread uses it.
//
// Versions before 1.0 may change all of it; soname and symbol version tell.

#ifndef VMTASK_H
#define VMTASK_H

#include <vmtask/c_api/engine.h>
#include <vmtask/c_api/outcome.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/task.h>
#include <vmtask/c_api/terms.h>
#include <vmtask/c_api/vhd.h>

#endif
