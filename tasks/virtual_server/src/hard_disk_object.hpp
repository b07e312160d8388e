// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/hard_disk.hpp>

#include <vmtask/engine.hpp>

#include "com_object.hpp"

#include <filesystem>
#include <memory>

namespace vmtask::virtual_server {

/// IVMHardDisk over a path.
class hard_disk_object final : public com_object<IVMHardDisk> {
public:
    hard_disk_object(std::shared_ptr<engine> where, std::filesystem::path path) noexcept;

    HRESULT Compact(IVMTask** task) override;
    HRESULT get_File(BSTR* value) override;

private:
    const std::shared_ptr<engine> engine_;
    const std::filesystem::path path_;
};

} // namespace vmtask::virtual_server
