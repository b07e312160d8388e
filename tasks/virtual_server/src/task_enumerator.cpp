// SPDX-License-Identifier: BSL-1.0

#include "task_enumerator.hpp"

#include "guarded_call.hpp"
#include "task_object.hpp"

#include <algorithm>
#include <utility>

namespace vmtask::virtual_server {

task_enumerator::task_enumerator(row tasks, std::shared_ptr<engine> where, std::size_t next) noexcept
    : engine_(std::move(where)), tasks_(std::move(tasks)), next_(next)
{
}

std::size_t task_enumerator::left_locked(ULONG wanted) const noexcept
{
    return std::min<std::size_t>(wanted, tasks_->size() - next_);
}

HRESULT task_enumerator::Next(ULONG count, VARIANT* values, ULONG* taken)
{
    return guarded([&] {
        if (taken != nullptr) *taken = 0;
        if (values == nullptr || (taken == nullptr && count != 1)) return E_POINTER;
        const std::lock_guard lock(mutex_);
        const std::size_t available = left_locked(count);
        std::vector<IVMTaskPtr> tasks; // all or none: making one may fail
        for (std::size_t i = 0; i < available; ++i)
            tasks.emplace_back(new task_object((*tasks_)[next_ + i], engine_), false);
        for (std::size_t i = 0; i < available; ++i) {
            VariantInit(&values[i]);
            values[i].vt = VT_UNKNOWN;
            values[i].punkVal = tasks[i].Detach();
        }
        next_ += available;
        if (taken != nullptr) *taken = available;
        return available == count ? S_OK : S_FALSE;
    });
}

HRESULT task_enumerator::Skip(ULONG count)
{
    return guarded([&] {
        const std::lock_guard lock(mutex_);
        const std::size_t available = left_locked(count);
        next_ += available;
        return available == count ? S_OK : S_FALSE;
    });
}

HRESULT task_enumerator::Reset()
{
    return guarded([&] {
        const std::lock_guard lock(mutex_);
        next_ = 0;
        return S_OK;
    });
}

HRESULT task_enumerator::Clone(IEnumVARIANT** copy)
{
    return guarded_get(copy, [&] {
        const std::lock_guard lock(mutex_);
        return new task_enumerator(tasks_, engine_, next_);
    });
}

} // namespace vmtask::virtual_server
