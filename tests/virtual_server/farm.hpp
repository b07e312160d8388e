// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <VsComInterfaces.h>

#include "support/catch.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

namespace vmtask::test {

/// A folder, an engine, and disks in both.
struct farm {
    temporary_folder folder;
    vmtask::engine engine;
    IVMVirtualServerPtr server = virtual_server::create_server(engine);

    [[nodiscard]] _bstr_t name(const std::string& file) const { return (folder / file).c_str(); }

    IVMHardDiskPtr disk(const std::string& file) { return server->GetHardDisk(name(file)); }

    void make_file(const std::string& file, const std::string& text) { std::ofstream(folder / file) << text; }

    void make_fixed_disk(const std::string& file, std::uint64_t size = 1U << 20)
    {
        vhd::create_file(folder / file, {.size_bytes = size, .type = vhd::disk_type::fixed});
    }

    /// Changes the footer of a disk, both copies.
    template <class Change>
    void change_footer(const std::string& file, Change change)
    {
        vhd::file_store store(folder / file, vhd::file_access::write);
        vhd::disk_footer footer = vhd::read_layout(store).footer;
        change(footer);
        const vhd::sector bytes = vhd::encode(footer);
        store.write(0, bytes);
        store.write(store.size() - bytes.size(), bytes);
    }

    void save_state(const std::string& file)
    {
        change_footer(file, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    }
};

/// What a starting call answers. A task that it starts ends before this returns.
inline HRESULT answer_of(const std::function<HRESULT(IVMTask**)>& start)
{
    IVMTask* task = nullptr;
    const HRESULT result = start(&task);
    CHECK((task != nullptr) == SUCCEEDED(result));
    const IVMTaskPtr owner(task, false);
    if (owner != nullptr) owner->WaitForCompletion(-1);
    return result;
}

/// How a task ended: its Error, S_OK for a success.
inline HRESULT end_of(const IVMTask2Ptr& task)
{
    task->WaitForCompletion(-1);
    CHECK((task->Result == vmTaskResult_Success) == (task->Error == S_OK));
    return static_cast<HRESULT>(task->GetError());
}

} // namespace vmtask::test
