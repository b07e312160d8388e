// SPDX-License-Identifier: BSL-1.0

#include "file/examine_parents.hpp"

#include <vmtask/vhd/error.hpp>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace vmtask::vhd::detail {

namespace {

/// Whether a file has to be another for the chain to be opened.
bool is_defect(const std::error_code& code)
{
    return code.category() == error_category() && code != errc::in_use && code != errc::access_denied
        && code != errc::no_locks;
}

void add(check_report& report, defect what, severity how_bad, std::string detail)
{
    // Where a disk of almost any writer names its parent.
    constexpr std::uint64_t parent_id = sector_size + 40;
    report.findings.push_back({.what = what, .how_bad = how_bad, .offset = parent_id, .detail = std::move(detail)});
}

} // namespace

void examine_parents(check_report& report, const std::filesystem::path& disk, const chain_options& options)
{
    if (report.type != disk_type::differencing) return;
    const auto is_error = [](const finding& one) { return one.how_bad == severity::error && !one.is_mended; };
    if (std::ranges::any_of(report.findings, is_error)) return;
    try {
        const disk_chain chain(disk, chain_access::read, options);
        for (const chain_link& link : chain.links())
            if (link.seems_changed) add(report, defect::parent_changed, severity::warning, link.path.string());
    } catch (const std::system_error& error) {
        if (!is_defect(error.code())) throw;
        add(report, defect::parent_unusable, severity::error, error.what());
    }
}

} // namespace vmtask::vhd::detail
