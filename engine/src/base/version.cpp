// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/task_record.hpp>
#include <vmtask/version.hpp>

namespace vmtask::detail {

template <int Value>
const char library_built_with_vmtask_abi<Value>::here = 0;
template struct library_built_with_vmtask_abi<VMTASK_ABI>;

} // namespace vmtask::detail
