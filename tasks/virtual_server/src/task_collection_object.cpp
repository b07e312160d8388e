// SPDX-License-Identifier: BSL-1.0

#include "task_collection_object.hpp"

#include "guarded_call.hpp"
#include "task_enumerator.hpp"
#include "task_object.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace vmtask::virtual_server {

task_collection_object::task_collection_object(std::vector<task_handle> tasks, std::shared_ptr<engine> where)
    : engine_(std::move(where)), tasks_(std::make_shared<const std::vector<task_handle>>(std::move(tasks)))
{
}

HRESULT task_collection_object::get__NewEnum(IUnknown** value)
{
    return guarded_get(value, [&] { return new task_enumerator(tasks_, engine_, 0); });
}

HRESULT task_collection_object::get_Count(long* value)
{
    return guarded_get(value, [&] { return static_cast<long>(tasks_->size()); });
}

HRESULT task_collection_object::get_Item(long index, IVMTask** task)
{
    return guarded_get(task, [&] {
        if (index < 1 || static_cast<std::size_t>(index) > tasks_->size())
            throw call_failure(DISP_E_BADINDEX,
                               "there is no task " + std::to_string(index) + " among " + std::to_string(tasks_->size())
                                   + "; the first is 1");
        return new task_object((*tasks_)[static_cast<std::size_t>(index) - 1], engine_);
    });
}

} // namespace vmtask::virtual_server
