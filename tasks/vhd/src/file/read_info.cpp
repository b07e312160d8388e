// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>

#include "file/chain_opener.hpp"

#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace vmtask::vhd {

image_info read_info(const std::filesystem::path& path)
{
    file_store store(path, file_access::read);
    image_info info = describe(read_layout(store));
    struct stat status {};
    if (::fstat(store.descriptor(), &status) == 0)
        info.allocated_on_host = static_cast<std::uint64_t>(status.st_blocks) * 512;
    return info;
}

chain_info read_chain_info(const std::filesystem::path& path, const chain_options& options)
{
    chain_info info;
    detail::chain_opener opener(path, chain_access::read, options);
    try {
        while (opener.open_next()) {
        }
    } catch (const std::system_error& error) {
        info.error = error.code();
        info.message = error.what();
    }
    for (detail::opened_image& image : opener.images()) info.links.push_back(std::move(image.link));
    return info;
}

} // namespace vmtask::vhd
