// SPDX-License-Identifier: BSL-1.0
#include <vmtask/version.hpp>

namespace vmtask::detail {

template <int Value>
const char library_built_with_VMTASK_ABI<Value>::here = 0;
template struct library_built_with_VMTASK_ABI<VMTASK_ABI>;

} // namespace vmtask::detail
