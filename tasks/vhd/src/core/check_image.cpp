// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check_image.hpp>

#include "core/examination.hpp"

#include <algorithm>
#include <utility>

namespace vmtask::vhd {

void detail::examination::add(defect what, severity how_bad, bool is_mendable, std::uint64_t offset, std::string detail)
{
    if (std::cmp_greater_equal(std::ranges::count(report.findings, what, &finding::what), most_listed)) {
        ++report.unlisted;
        return;
    }
    report.findings.push_back({what, how_bad, is_mendable, false, offset, std::move(detail)});
}

bool detail::examination::has_errors() const noexcept
{
    return std::ranges::any_of(report.findings, [](const finding& one) { return one.how_bad == severity::error; });
}

bool detail::examination::has(defect what) const noexcept
{
    return std::ranges::find(report.findings, what, &finding::what) != report.findings.end();
}

std::uint64_t detail::examination::end_of_space() const noexcept
{
    return disk.end_of_space();
}

namespace {

/// Of what could be mended, only footers are where not all else is right: they
/// follow from each other. All other things would follow from what is wrong.
void settle_what_is_mendable(detail::examination& of)
{
    const auto& found = of.report.findings;
    const bool is_hopeless = std::ranges::any_of(
        found, [](const finding& one) { return one.how_bad == severity::error && !one.is_mendable; });
    if (!is_hopeless) return;
    const bool is_place_sure =
        of.is_table_known && !of.has(defect::block_overlaps_metadata) && !of.has(defect::metadata_overlap);
    for (finding& one : of.report.findings) {
        const bool is_footer = one.what == defect::footer_missing || one.what == defect::footer_copy_missing
            || one.what == defect::footer_damaged || one.what == defect::footer_copy_damaged;
        const bool has_other = of.disk.leading_footer_valid || !of.trailing_state;
        if (!is_footer || !is_place_sure || !has_other) one.is_mendable = false;
    }
}

} // namespace

void detail::examine_briefly(examination& of)
{
    if (examine_footers(of) && examine_header(of)) (void)examine_table(of);
    settle_what_is_mendable(of);
}

void detail::examine(examination& of)
{
    of.monitor.step("checking the image");
    if (examine_footers(of) && examine_header(of) && examine_table(of)) examine_blocks(of);
    settle_what_is_mendable(of);
}

check_report check_image(byte_store& store, work_monitor& monitor)
{
    detail::examination of(store, monitor);
    detail::examine(of);
    return std::move(of.report);
}

} // namespace vmtask::vhd
