// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/layout.hpp>

#include <sys/stat.h>

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

} // namespace vmtask::vhd
