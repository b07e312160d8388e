// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of the headers, major * 10000 + minor * 100 + patch.
#define VMTASK_VERSION 100

/// Counts the changes after which a program must be compiled anew to use the library.
#define VMTASK_ABI 1
