// SPDX-License-Identifier: BSL-1.0

#include "hard_disk_object.hpp"

#include "guarded_call.hpp"
#include "task_object.hpp"

#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/layout.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace vmtask::virtual_server {

namespace {

/// What the reference refuses in the starting call, and not in the task.
void require_compactable(vhd::byte_store& store)
{
    const auto refuse = [&store](vhd::errc reason) { throw std::system_error(reason, store.name()); };

    const vhd::disk_footer footer = vhd::read_layout(store).footer;
    if (footer.type == vhd::disk_type::fixed) refuse(vhd::errc::fixed_disk);
    if (footer.type == vhd::disk_type::differencing) refuse(vhd::errc::differencing_disk);
    if (footer.saved_state != 0) refuse(vhd::errc::saved_state);
}

} // namespace

hard_disk_object::hard_disk_object(std::shared_ptr<engine> where, std::filesystem::path path) noexcept
    : engine_(std::move(where)), path_(std::move(path))
{
}

HRESULT hard_disk_object::Compact(IVMTask** task)
{
    // The file is opened here and closed by the task. Were it closed in between,
    // a task still queued could lose it to the next call's check, and what was
    // refused or promised here would not hold any more when the task begins.
    return guarded_get(task, [&]() -> IVMTask* {
        auto store = std::make_unique<vhd::file_store>(path_, vhd::file_access::write);
        require_compactable(*store);
        return new task_object(vhd::compact(*engine_, std::move(store)), engine_);
    });
}

HRESULT hard_disk_object::get_File(BSTR* value)
{
    return guarded_get(value, [&] { return _bstr_t(path_.c_str()).Detach(); });
}

} // namespace vmtask::virtual_server
