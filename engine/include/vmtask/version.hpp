// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of the headers, major * 10000 + minor * 100 + patch.
#define VMTASK_VERSION 100
