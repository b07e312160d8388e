// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/task2.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/task_handle.hpp>

#include "com_object.hpp"

#include <memory>

namespace vmtask::virtual_server {

/// IVMTask2 over a task's handle.
class task_object final : public com_object<IVMTask2, IVMTask> {
public:
    /// `where` is kept alive meanwhile; it may be null.
    task_object(task_handle task, std::shared_ptr<engine> where) noexcept;

    HRESULT WaitForCompletion(long timeout) override;
    HRESULT Cancel() override;
    HRESULT get_Description(BSTR* value) override;
    HRESULT get_ID(long* value) override;
    HRESULT get_IsCancelable(VARIANT_BOOL* value) override;
    HRESULT get_IsComplete(VARIANT_BOOL* value) override;
    HRESULT get_PercentCompleted(long* value) override;
    HRESULT get_Result(VMTaskResult* value) override;
    HRESULT get_Error(long* value) override;
    HRESULT get_ErrorDescription(BSTR* value) override;

private:
    const std::shared_ptr<engine> engine_;
    const task_handle task_; // never empty
};

} // namespace vmtask::virtual_server
