// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/enum_variant.hpp>

#include <vmtask/engine.hpp>
#include <vmtask/task_handle.hpp>

#include "com_object.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace vmtask::virtual_server {

/// IEnumVARIANT over the tasks of a collection.
class task_enumerator final : public com_object<IEnumVARIANT> {
public:
    using row = std::shared_ptr<const std::vector<task_handle>>;

    /// `where` is kept alive meanwhile.
    task_enumerator(row tasks, std::shared_ptr<engine> where, std::size_t next) noexcept;

    HRESULT Next(ULONG count, VARIANT* values, ULONG* taken) override;
    HRESULT Skip(ULONG count) override;
    HRESULT Reset() override;
    HRESULT Clone(IEnumVARIANT** copy) override;

private:
    [[nodiscard]] std::size_t left_locked(ULONG wanted) const noexcept;

    const std::shared_ptr<engine> engine_;
    const row tasks_;
    std::mutex mutex_;
    std::size_t next_; // under the mutex
};

} // namespace vmtask::virtual_server
