// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_file.hpp>

#include "file/new_file.hpp"

namespace vmtask::vhd {

create_report create_file(const std::filesystem::path& path, const create_options& options)
{
    detail::new_file file(path);
    const create_report report = create_image(file.store(), options);
    file.publish();
    return report;
}

} // namespace vmtask::vhd
