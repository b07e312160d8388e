// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_BASE_H
#define VMTASK_C_API_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Marks what the library shows.
#define VMTASK_API __attribute__((visibility("default")))

#ifdef __cplusplus
#define VMTASK_BEGIN_C extern "C" {
#define VMTASK_END_C }
#else
#define VMTASK_BEGIN_C
#define VMTASK_END_C
#endif

/// The version of these headers; compare vmtask_version().
#define VMTASK_VERSION_MAJOR 0
#define VMTASK_VERSION_MINOR 1
#define VMTASK_VERSION_PATCH 0

/// The same as one number, major * 10000 + minor * 100 + patch.
#define VMTASK_VERSION 100

/// Makes an options struct the default one, and a report ready to be filled.
#define VMTASK_INIT(object) (memset(&(object), 0, sizeof(object)), (object).struct_size = sizeof(object))

/// As a time-out: none. Zero or less only looks, so that a deadline which has
/// passed while it was computed does not become an endless wait.
#define VMTASK_NO_LIMIT INT64_MAX

#endif
