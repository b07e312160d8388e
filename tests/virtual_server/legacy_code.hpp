// SPDX-License-Identifier: BSL-1.0
//
// What legacy_code.cpp, which is compiled as C++14, offers to the tests.

#pragma once

#include <VsComInterfaces.h>

#include <string>

void CompactWithTimeout(IVMHardDiskPtr pIHD, long seconds); // NOLINT(readability-identifier-naming)

/// The plain interfaces: an HRESULT from each call, references by hand.
HRESULT compact_by_plain_interfaces(IVMHardDisk* disk, VMTaskResult* result);

/// The header's calls through smart pointers.
HRESULT compact_by_mixed_calls(IVMHardDiskPtr disk, VMTaskResult* result);

/// Properties and wrappers.
VMTaskResult compact_by_properties(const IVMVirtualServerPtr& server, const wchar_t* path, std::string* description);

/// Creates a disk, and its size and how it is kept; or why it could not be made.
std::string create_and_describe(const IVMVirtualServerPtr& server, const wchar_t* path, long megabytes);

/// Numbers and descriptions of a server's tasks, and how many have ended.
std::string list_tasks(const IVMVirtualServerPtr& server);
