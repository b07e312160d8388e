// SPDX-License-Identifier: BSL-1.0
#include "base/engine_core.hpp"

#include "base/engine_thread.hpp"

namespace vmtask::detail {

void engine_core::forget_task() noexcept
{
    engine_thread* const here = this_engine_thread();
    if (here && here->core == this) ++here->forgotten;
    else forget_tasks(1);
}

void engine_core::forget_tasks(std::int64_t count) noexcept
{
    if (balance_.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
}

void engine_core::end(std::uint64_t tasks_made) noexcept
{
    const std::int64_t added = static_cast<std::int64_t>(tasks_made) - unended;
    if (balance_.fetch_add(added, std::memory_order_acq_rel) + added == 0) delete this;
}

} // namespace vmtask::detail
