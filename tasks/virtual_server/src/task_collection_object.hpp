// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/task_collection.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/task_handle.hpp>

#include "com_object.hpp"

#include <memory>
#include <vector>

namespace vmtask::virtual_server {

/// IVMTaskCollection over tasks' handles, which never change.
class task_collection_object final : public com_object<IVMTaskCollection> {
public:
    /// `where` is kept alive meanwhile.
    task_collection_object(std::vector<task_handle> tasks, std::shared_ptr<engine> where);

    HRESULT get__NewEnum(IUnknown** value) override;
    HRESULT get_Count(long* value) override;
    HRESULT get_Item(long index, IVMTask** task) override;

private:
    const std::shared_ptr<engine> engine_;
    const std::shared_ptr<const std::vector<task_handle>> tasks_; // enumerators have it too
};

} // namespace vmtask::virtual_server
