// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/asio_guard.hpp>

namespace vmtask::detail {

#define VMTASK_DEFINE_SWITCH(macro)                                                                                    \
    template <bool Value>                                                                                              \
    const char library_built_with_##macro<Value>::here = 0;                                                            \
    template struct library_built_with_##macro<is_defined(#macro, VMTASK_QUOTED(macro))>;
#define VMTASK_DEFINE_NUMBER(macro)                                                                                    \
    template <int Value>                                                                                               \
    const char library_built_with_##macro<Value>::here = 0;                                                            \
    template struct library_built_with_##macro<macro>;
VMTASK_ASIO_SWITCHES(VMTASK_DEFINE_SWITCH)
VMTASK_ASIO_NUMBERS(VMTASK_DEFINE_NUMBER)

} // namespace vmtask::detail
