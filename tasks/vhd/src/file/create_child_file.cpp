// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include "core/fail.hpp"
#include "file/file_time.hpp"
#include "file/new_file.hpp"
#include "file/parent_paths.hpp"

#include <system_error>

namespace vmtask::vhd {

namespace {

parent_reference refer_to(disk_chain& parent, const std::filesystem::path& child)
{
    const std::filesystem::path file = std::filesystem::canonical(parent.links().front().path);
    const auto folder = child.parent_path();
    parent_reference reference;
    reference.id = parent.links().front().info.id;
    reference.timestamp = detail::time_of(parent.store().descriptor()).value_or(0);
    reference.name = file.filename().string();
    reference.absolute_paths = {file.string()};
    reference.relative_paths = {
        detail::relative_path_to(file, std::filesystem::canonical(folder.empty() ? "." : folder))};
    return reference;
}

} // namespace

create_report create_child_file(const std::filesystem::path& path, const std::filesystem::path& parent,
                                const child_options& options)
{
    detail::new_file file(path);
    disk_chain chain(parent);
    if (chain.links().size() == longest_chain) detail::fail(path.string(), errc::chain_too_long);
    const image_info& shown = chain.links().front().info;
    create_options wanted;
    wanted.size_bytes = options.size_bytes.value_or(shown.virtual_size);
    wanted.block_size_bytes = options.block_size_bytes.value_or(shown.block_size != 0 ? shown.block_size : 2U << 20);
    wanted.id = options.id;
    wanted.timestamp = options.timestamp;
    wanted.parent = refer_to(chain, path);
    const create_report report = create_image(file.store(), wanted);
    file.publish();
    return report;
}

} // namespace vmtask::vhd
