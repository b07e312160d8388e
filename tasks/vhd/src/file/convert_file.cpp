// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/convert_file.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/raw_reader.hpp>

#include "core/fail.hpp"
#include "file/new_file.hpp"

#include <memory>

namespace vmtask::vhd {

namespace {

std::unique_ptr<guest_reader> open_guest(file_store& store, bool is_raw)
{
    if (is_raw) return std::make_unique<raw_reader>(store);
    auto disk = std::make_unique<image>(store);
    if (disk->type() == disk_type::differencing) detail::fail(store, errc::differencing_disk);
    if (disk->layout().footer.saved_state != 0) detail::fail(store, errc::saved_state);
    return disk;
}

} // namespace

convert_report convert_file(const std::filesystem::path& from, const std::filesystem::path& to,
                            const convert_options& options, work_monitor& monitor)
{
    file_store source(from, file_access::read);
    source.read_ahead();
    const auto guest = open_guest(source, options.from_raw);
    detail::new_file target(to);
    target.store().write_through();
    const convert_report report = write_image(target.store(), *guest, options.target, monitor);
    monitor.point_of_no_return();
    target.publish();
    return report;
}

} // namespace vmtask::vhd
