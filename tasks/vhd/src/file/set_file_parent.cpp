// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/set_file_parent.hpp>

#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/error.hpp>

#include "core/fail.hpp"
#include "core/silent_monitor.hpp"
#include "file/chain_opener.hpp"
#include "file/refer_to.hpp"

#include <string>
#include <system_error>

namespace vmtask::vhd {

namespace {

using detail::opened_image;

/// Opens what lies beneath the new parent; returns what is wrong with it and no
/// business of the disk's.
std::string open_beneath(detail::chain_opener& opener)
{
    try {
        while (opener.open_next()) {
        }
    } catch (const std::system_error& error) {
        if (error.code() != errc::parent_not_found && error.code() != errc::wrong_parent) throw;
        return error.what();
    }
    return {};
}

void refuse_if_too_small(const opened_image& disk, const opened_image& parent)
{
    // The parent that it was made over may be shorter: that was so all along.
    if (parent.footer.id == disk.parent->id || parent.footer.current_size >= disk.footer.current_size) return;
    detail::fail(*disk.store, errc::parent_too_small,
                 parent.link.path.string() + " is " + std::to_string(parent.footer.current_size)
                     + " bytes long, and the disk " + std::to_string(disk.footer.current_size));
}

} // namespace

set_parent_report set_file_parent(const std::filesystem::path& disk, const std::filesystem::path& parent,
                                  const set_parent_options& options, work_monitor& monitor)
{
    monitor.step("checking the chain");
    const chain_options where{.parent = parent};
    detail::chain_opener opener(disk, chain_access::write_child, where);
    if (options.ignore_id_mismatch) opener.ignore_first_id();
    if (!opener.open_next()) detail::fail(*opener.images().front().store, errc::not_differencing);
    const std::string missing = open_beneath(opener);

    const opened_image& child = opener.images()[0];
    const opened_image& below = opener.images()[1];
    refuse_if_too_small(child, below);
    const auto reference = detail::refer_to(*below.store, below.link, std::filesystem::canonical(disk));
    set_parent_report report = set_image_parent(*child.store, monitor, reference);
    report.parent = below.link.path.string();
    report.parent_seems_changed = below.link.seems_changed && report.after.id == report.before.id;
    report.missing_beneath = missing;
    return report;
}

set_parent_report set_file_parent(const std::filesystem::path& disk, const std::filesystem::path& parent,
                                  const set_parent_options& options)
{
    detail::silent_monitor nobody;
    return set_file_parent(disk, parent, options, nobody);
}

} // namespace vmtask::vhd
