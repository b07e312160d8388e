// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_file.hpp>

#include "core/silent_monitor.hpp"
#include "file/new_file.hpp"

namespace vmtask::vhd {

create_report create_file(const std::filesystem::path& path, const create_options& options)
{
    detail::silent_monitor nobody;
    return create_file(path, options, nobody);
}

create_report create_file(const std::filesystem::path& path, const create_options& options, work_monitor& monitor)
{
    detail::new_file file(path);
    const create_report report = create_image(file.store(), options, monitor);
    monitor.point_of_no_return();
    file.publish();
    return report;
}

} // namespace vmtask::vhd
