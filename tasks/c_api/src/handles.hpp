// SPDX-License-Identifier: BSL-1.0
//
// What is behind the handles that a C program holds.
#pragma once

#include <vmtask/c_api/engine.h>
#include <vmtask/c_api/task.h>

#include <vmtask/engine.hpp>
#include <vmtask/task.hpp>
#include <vmtask/task_handle.hpp>
#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/merge_image.hpp>
#include <vmtask/vhd/resize_image.hpp>
#include <vmtask/vhd/set_image_parent.hpp>
#include <vmtask/vhd/write_image.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace vmtask::c_api {

/// Begins with one owner; the last one to go deletes it.
template <class Handle>
class counted {
public:
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;

    void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept
    {
        if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<Handle*>(this);
    }

protected:
    counted() noexcept = default;
    ~counted() = default;

private:
    std::atomic<std::uint32_t> owners_{1};
};

struct releaser {
    template <class Handle>
    void operator()(Handle* handle) const noexcept
    {
        handle->release();
    }
};

/// One owner of a counted handle.
template <class Handle>
using owner = std::unique_ptr<Handle, releaser>;

/// One more owner of it.
template <class Handle>
[[nodiscard]] owner<Handle> share(Handle* handle) noexcept
{
    handle->retain();
    return owner<Handle>(handle);
}

} // namespace vmtask::c_api

struct vmtask_engine {
    vmtask::engine engine;
};

struct vmtask_task : vmtask::c_api::counted<vmtask_task> {
    /// The typed handle, where a report can be had.
    using reporting =
        std::variant<std::monostate, vmtask::task<vmtask::vhd::create_report>,
                     vmtask::task<vmtask::vhd::compact_report>, vmtask::task<vmtask::vhd::write_report>,
                     vmtask::task<vmtask::vhd::resize_report>, vmtask::task<vmtask::vhd::merge_report>,
                     vmtask::task<vmtask::vhd::set_parent_report>, vmtask::task<vmtask::vhd::check_report>>;

    /// Takes what was posted. Cannot fail, because the task runs already.
    void set(vmtask::task_handle posted) noexcept { handle = std::move(posted); }
    template <class Report>
    void set(vmtask::task<Report> posted) noexcept
    {
        handle = posted;
        if constexpr (!std::is_void_v<Report>) with_report = std::move(posted);
    }

    vmtask::task_handle handle;
    reporting with_report;
};
