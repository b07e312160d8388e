// SPDX-License-Identifier: BSL-1.0

#include "file/refer_to.hpp"

#include "file/file_time.hpp"
#include "file/parent_paths.hpp"

namespace vmtask::vhd::detail {

parent_reference refer_to(const file_store& file, const chain_link& parent, const std::filesystem::path& disk)
{
    const std::filesystem::path path = std::filesystem::canonical(parent.path);
    const auto folder = disk.parent_path();
    parent_reference reference;
    reference.id = parent.info.id;
    reference.timestamp = time_of(file.descriptor()).value_or(0);
    reference.name = path.filename().string();
    reference.absolute_paths = {path.string()};
    reference.relative_paths = {relative_path_to(path, std::filesystem::canonical(folder.empty() ? "." : folder))};
    return reference;
}

} // namespace vmtask::vhd::detail
