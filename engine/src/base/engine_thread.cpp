// SPDX-License-Identifier: BSL-1.0
#include "base/engine_thread.hpp"

namespace vmtask::detail {

engine_thread*& this_engine_thread() noexcept
{
    static thread_local engine_thread* current = nullptr;
    return current;
}

} // namespace vmtask::detail
