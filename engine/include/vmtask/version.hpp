// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of the headers, major * 10000 + minor * 100 + patch.
#define VMTASK_VERSION 100

/// Counts the changes after which a program must be compiled anew to use the library.
#define VMTASK_ABI 1

namespace vmtask::detail {

// A program that was compiled with the headers of another library refers to a symbol
// that this one has not: the linker's message names it. Kept as in asio_guard.hpp.
template <int>
struct [[gnu::visibility("default")]] library_built_with_vmtask_abi
{
    static const char here;
};
extern template struct library_built_with_vmtask_abi<VMTASK_ABI>;
[[gnu::used, gnu::retain]] static const char* const guard_of_vmtask_abi =
    &library_built_with_vmtask_abi<VMTASK_ABI>::here;

} // namespace vmtask::detail
