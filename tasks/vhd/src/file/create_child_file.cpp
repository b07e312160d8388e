// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_child_file.hpp>
#include <vmtask/vhd/disk_chain.hpp>

#include "core/fail.hpp"
#include "file/new_file.hpp"
#include "file/refer_to.hpp"

namespace vmtask::vhd {

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
    wanted.parent = detail::refer_to(chain.store(), chain.links().front(), path);
    const create_report report = create_image(file.store(), wanted);
    file.publish();
    return report;
}

} // namespace vmtask::vhd
