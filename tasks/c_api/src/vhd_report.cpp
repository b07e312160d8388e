// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/vhd_report.h>

#include "guarded.hpp"
#include "handles.hpp"
#include "structs.hpp"

#include <vmtask/c_api/vhd_check.h>
#include <vmtask/vhd/check_image.hpp>

#include <variant>

namespace c_api = vmtask::c_api;
namespace vhd = vmtask::vhd;

static_assert(VMTASK_VHD_SEVERITY_NOTE == static_cast<int>(vhd::severity::note));
static_assert(VMTASK_VHD_SEVERITY_WARNING == static_cast<int>(vhd::severity::warning));
static_assert(VMTASK_VHD_SEVERITY_ERROR == static_cast<int>(vhd::severity::error));

namespace {

vmtask_vhd_create_report in_c(const vhd::create_report& report)
{
    return {0, report.virtual_size, report.file_size};
}

vmtask_vhd_compact_report in_c(const vhd::compact_report& report)
{
    vmtask_vhd_compact_report known{};
    known.blocks_scanned = report.blocks_scanned;
    known.blocks_freed = report.blocks_freed;
    known.blocks_moved = report.blocks_moved;
    known.file_size_before = report.file_size_before;
    known.file_size_after = report.file_size_after;
    known.bytes_read = report.bytes_read;
    known.bytes_written = report.bytes_written;
    known.bytes_punched = report.bytes_punched;
    known.parent_seems_changed = report.parent_seems_changed;
    return known;
}

vmtask_vhd_write_report in_c(const vhd::write_report& report)
{
    vmtask_vhd_write_report known{};
    known.virtual_size = report.virtual_size;
    known.file_size = report.file_size;
    known.bytes_read = report.bytes_read;
    known.bytes_written = report.bytes_written;
    known.blocks_allocated = report.blocks_allocated;
    known.parent_seems_changed = report.parent_seems_changed;
    return known;
}

vmtask_vhd_resize_report in_c(const vhd::resize_report& report)
{
    return {0, report.virtual_size_before, report.virtual_size_after, report.file_size, report.blocks_moved};
}

vmtask_vhd_merge_report in_c(const vhd::merge_report& report)
{
    vmtask_vhd_merge_report known{};
    known.parent = report.parent.c_str();
    known.blocks_merged = report.blocks_merged;
    known.bytes_read = report.bytes_read;
    known.bytes_written = report.bytes_written;
    known.parent_file_size_before = report.parent_file_size_before;
    known.parent_file_size_after = report.parent_file_size_after;
    known.child_removed = report.child_removed;
    known.parent_seems_changed = report.parent_seems_changed;
    return known;
}

vmtask_vhd_set_parent_report in_c(const vhd::set_parent_report& report)
{
    vmtask_vhd_set_parent_report known{};
    known.parent = report.parent.c_str();
    known.missing_beneath = report.missing_beneath.c_str();
    known.file_size = report.file_size;
    known.blocks_moved = report.blocks_moved;
    known.parent_seems_changed = report.parent_seems_changed;
    return known;
}

vmtask_vhd_check_report in_c(const vhd::check_report& report)
{
    vmtask_vhd_check_report known{};
    known.findings = report.findings.size();
    known.unlisted = report.unlisted;
    known.virtual_size = report.virtual_size;
    known.file_size = report.file_size;
    known.blocks_allocated = report.blocks_allocated;
    known.type = static_cast<vmtask_vhd_type>(report.type);
    known.is_sound = report.is_sound();
    return known;
}

vmtask_vhd_finding in_c(const vhd::finding& found)
{
    vmtask_vhd_finding known{};
    // Both come from literals, which end with a zero.
    known.name = to_string(found.what).data();
    known.description = describe(found.what).data();
    known.detail = found.detail.c_str();
    known.offset = found.offset;
    known.severity = static_cast<vmtask_vhd_severity>(found.how_bad);
    known.is_mendable = found.is_mendable;
    known.is_mended = found.is_mended;
    return known;
}

/// Calls `use` with the task's report, which lives as long as the task is held.
template <class Report, class Use>
vmtask_status with_report(const vmtask_task* task, const void* place, Use use) noexcept
{
    return c_api::guarded([&]() -> vmtask_status {
        c_api::require(place, "there is no place for the report");
        const auto* const typed = std::get_if<vmtask::task<Report>>(&c_api::require(task, "task is null")->with_report);
        if (typed == nullptr) return VMTASK_E_NO_REPORT;
        use(typed->result());
        return VMTASK_OK;
    });
}

template <class Report, class InC>
vmtask_status get_report(const vmtask_task* task, InC* place) noexcept
{
    return with_report<Report>(task, place, [&](const Report& report) { c_api::report_to(place, in_c(report)); });
}

} // namespace

vmtask_status vmtask_vhd_get_create_report(const vmtask_task* task, vmtask_vhd_create_report* report)
{
    return get_report<vhd::create_report>(task, report);
}

vmtask_status vmtask_vhd_get_compact_report(const vmtask_task* task, vmtask_vhd_compact_report* report)
{
    return get_report<vhd::compact_report>(task, report);
}

vmtask_status vmtask_vhd_get_write_report(const vmtask_task* task, vmtask_vhd_write_report* report)
{
    return get_report<vhd::write_report>(task, report);
}

vmtask_status vmtask_vhd_get_resize_report(const vmtask_task* task, vmtask_vhd_resize_report* report)
{
    return get_report<vhd::resize_report>(task, report);
}

vmtask_status vmtask_vhd_get_merge_report(const vmtask_task* task, vmtask_vhd_merge_report* report)
{
    return get_report<vhd::merge_report>(task, report);
}

vmtask_status vmtask_vhd_get_set_parent_report(const vmtask_task* task, vmtask_vhd_set_parent_report* report)
{
    return get_report<vhd::set_parent_report>(task, report);
}

vmtask_status vmtask_vhd_get_check_report(const vmtask_task* task, vmtask_vhd_check_report* report)
{
    return get_report<vhd::check_report>(task, report);
}

vmtask_status vmtask_vhd_get_finding(const vmtask_task* task, uint64_t number, vmtask_vhd_finding* finding)
{
    return with_report<vhd::check_report>(task, finding, [&](const vhd::check_report& report) {
        if (number >= report.findings.size())
            throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "there is no finding of this number"};
        c_api::report_to(finding, in_c(report.findings[number]));
    });
}
