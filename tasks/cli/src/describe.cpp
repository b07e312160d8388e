// SPDX-License-Identifier: BSL-1.0

#include "describe.hpp"

#include "printable.hpp"
#include "quantity.hpp"

#include <array>
#include <cinttypes>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <utility>

namespace vmtask::cli {

namespace {

std::string to_text(std::chrono::system_clock::time_point time)
{
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    std::array<char, 32> text{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "unknown";
    text[std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)] = '\0';
    return text.data();
}

std::string exact(std::uint64_t bytes)
{
    return bytes < 1024 ? format_size(bytes) : format_size(bytes) + " (" + std::to_string(bytes) + " bytes)";
}

std::string row(std::string_view name, const std::string& value)
{
    std::string line(name);
    line += ':';
    line.resize(18, ' ');
    return line + printable(value) + '\n';
}

std::string creator_of(const vhd::image_info& info)
{
    return info.creator + ' ' + std::to_string(info.creator_major) + '.' + std::to_string(info.creator_minor) + " on "
        + info.creator_host_os;
}

std::string geometry_of(const vhd::geometry& geometry)
{
    return std::to_string(geometry.cylinders) + " cylinders, " + std::to_string(geometry.heads) + " heads, "
        + std::to_string(geometry.sectors_per_track) + " sectors";
}

/// What others take for the size, where they don't agree with the footer.
std::string rows_of_other_sizes(const vhd::image_info& info)
{
    std::string text;
    if (info.size_for_ata != info.virtual_size) text += row("size for ATA", exact(info.size_for_ata));
    if (info.size_for_qemu != info.virtual_size) text += row("size for QEMU", exact(info.size_for_qemu));
    if (info.size_for_libvhdi != info.virtual_size) text += row("size for libvhdi", exact(info.size_for_libvhdi));
    return text;
}

/// A line where the geometry describes less than the whole disk.
std::string note_of(const vhd::geometry& geometry, std::uint64_t virtual_size)
{
    const std::uint64_t size = geometry.sectors() * vhd::sector_size;
    if (size == 0 || size == virtual_size) return {};
    return "  on an ATA bus the guest sees " + exact(size) + ", which is what cylinders, heads and sectors describe\n";
}

std::string text_of(const vhd::finding& one)
{
    std::string text(to_string(one.how_bad));
    text += ": ";
    text += describe(one.what);
    if (!one.detail.empty()) text += " (" + one.detail + ")";
    if (one.is_mended) text += "; mended";
    else if (one.is_mendable) text += "; can be mended";
    return printable(text);
}

nlohmann::ordered_json fields_of(const vhd::finding& one)
{
    return {{"defect", to_string(one.what)}, {"severity", to_string(one.how_bad)}, {"offset", one.offset},
            {"detail", one.detail},          {"mendable", one.is_mendable},        {"mended", one.is_mended}};
}

std::string table_of(const std::string& disk, const vhd::image_info& info)
{
    std::string text = row("disk", disk);
    text += row("type", std::string(to_string(info.type)));
    text += row("virtual size", exact(info.virtual_size));
    text += rows_of_other_sizes(info);
    text += row("file size", exact(info.file_size));
    text += row("space on host", exact(info.allocated_on_host));
    if (info.block_size != 0) {
        text += row("block size", format_size(info.block_size));
        text +=
            row("blocks", std::to_string(info.blocks_allocated) + " of " + std::to_string(info.blocks) + " allocated");
    }
    text += row("geometry", geometry_of(info.geometry));
    text += row("created", to_text(info.created_at) + " by " + creator_of(info));
    text += row("id", vhd::to_string(info.id));
    text += row("saved state", info.saved_state ? "yes" : "no");
    text += row("footer", std::string(to_string(info.footer)));
    return text;
}

/// What a link of a chain is besides a file.
std::string remarks_of(const vhd::chain_link& link, bool is_parent)
{
    std::string text = " (" + std::string(to_string(link.info.type));
    if (is_parent) text += ", found by " + std::string(to_string(link.found_by));
    if (link.seems_changed) text += ", seems changed since its child was made";
    return text + ')';
}

/// The disk and its parents, each further in than its child.
std::string drawing_of(const vhd::chain_info& chain)
{
    if (chain.links.size() == 1 && !chain.error) return {};
    std::string text;
    std::string indent(18, ' ');
    for (std::size_t i = 0; i < chain.links.size(); ++i, indent += "   ") {
        const std::string shown = printable(chain.links[i].path.string()) + remarks_of(chain.links[i], i > 0) + '\n';
        text += i == 0 ? "chain:" + indent.substr(6) + shown : indent.substr(3) + "`- " + shown;
    }
    if (chain.error) text += indent.substr(3) + "`- missing: " + printable(chain.message) + '\n';
    return text;
}

nlohmann::ordered_json list_of(const vhd::chain_info& chain)
{
    auto list = nlohmann::ordered_json::array();
    for (const vhd::chain_link& link : chain.links) {
        nlohmann::ordered_json fields{
            {"disk", link.path.string()},         {"type", to_string(link.info.type)},
            {"id", vhd::to_string(link.info.id)}, {"virtual_size", link.info.virtual_size},
            {"file_size", link.info.file_size},   {"blocks_allocated", link.info.blocks_allocated}};
        if (!list.empty()) {
            fields["found_by"] = to_string(link.found_by);
            fields["seems_changed"] = link.seems_changed;
        }
        list.push_back(std::move(fields));
    }
    return list;
}

/// A line where the time of a parent is not the one that its child has noted.
std::string note_of_change(bool parent_seems_changed)
{
    return parent_seems_changed ? "  a parent seems to have changed since its child was made; info says which\n" : "";
}

double rounded(std::chrono::duration<double> time)
{
    return std::round(time.count() * 1000) / 1000;
}

} // namespace

description describe(const std::string& child, const vhd::merge_report& done, std::chrono::duration<double> time)
{
    description told;
    told.text = printable(child) + ": merged into " + printable(done.parent) + " in " + format_seconds(time)
        + (done.child_removed ? ", and removed\n" : ", and kept\n");
    told.text += "  " + std::to_string(done.blocks_merged) + " blocks; " + format_size(done.bytes_read) + " read, "
        + format_size(done.bytes_written) + " written; the parent grew from "
        + format_size(done.parent_file_size_before) + " to " + format_size(done.parent_file_size_after) + '\n';
    told.text += note_of_change(done.parent_seems_changed);
    told.fields = {{"command", "merge"},
                   {"disk", child},
                   {"parent", done.parent},
                   {"child_removed", done.child_removed},
                   {"blocks_merged", done.blocks_merged},
                   {"bytes_read", done.bytes_read},
                   {"bytes_written", done.bytes_written},
                   {"parent_file_size_before", done.parent_file_size_before},
                   {"parent_file_size_after", done.parent_file_size_after},
                   {"parent_seems_changed", done.parent_seems_changed},
                   {"seconds", rounded(time)}};
    return told;
}

description describe_merged(const std::string& disk, const std::string& target, const vhd::write_report& done,
                            std::chrono::duration<double> time)
{
    description told;
    told.text = printable(target) + ": merged from " + printable(disk) + " and its parents in " + format_seconds(time)
        + ", " + format_size(done.virtual_size) + " for the guest, " + format_size(done.file_size) + " on the host\n";
    told.text += note_of_change(done.parent_seems_changed);
    told.fields = {{"command", "merge"},
                   {"disk", disk},
                   {"target", target},
                   {"virtual_size", done.virtual_size},
                   {"file_size", done.file_size},
                   {"blocks_allocated", done.blocks_allocated},
                   {"bytes_read", done.bytes_read},
                   {"bytes_written", done.bytes_written},
                   {"parent_seems_changed", done.parent_seems_changed},
                   {"seconds", rounded(time)}};
    return told;
}

description describe(const std::string& disk, const vhd::create_report& done)
{
    description told;
    told.text = printable(disk) + ": created, " + format_size(done.virtual_size) + " for the guest, "
        + format_size(done.file_size) + " on the host\n";
    told.text += note_of(done.geometry, done.virtual_size);
    told.fields = {{"command", "create"},
                   {"disk", disk},
                   {"virtual_size", done.virtual_size},
                   {"file_size", done.file_size},
                   {"size_for_ata", done.geometry.sectors() * vhd::sector_size}};
    return told;
}

description describe(const std::string& disk, const vhd::compact_report& done, std::chrono::duration<double> time)
{
    description told;
    told.text = printable(disk) + ": compacted from " + format_size(done.file_size_before) + " to "
        + format_size(done.file_size_after) + " in " + format_seconds(time) + '\n';
    told.text += "  " + std::to_string(done.blocks_scanned) + " blocks: " + std::to_string(done.blocks_freed)
        + " freed, " + std::to_string(done.blocks_moved) + " moved; " + format_size(done.bytes_read) + " read, "
        + format_size(done.bytes_written) + " written\n";
    if (done.bytes_punched != 0)
        told.text += "  " + format_size(done.bytes_punched) + " inside of blocks given back to the host\n";
    told.text += note_of_change(done.parent_seems_changed);
    told.fields = {{"command", "compact"},
                   {"disk", disk},
                   {"file_size_before", done.file_size_before},
                   {"file_size_after", done.file_size_after},
                   {"blocks_scanned", done.blocks_scanned},
                   {"blocks_freed", done.blocks_freed},
                   {"blocks_moved", done.blocks_moved},
                   {"bytes_read", done.bytes_read},
                   {"bytes_written", done.bytes_written},
                   {"bytes_punched", done.bytes_punched},
                   {"parent_seems_changed", done.parent_seems_changed},
                   {"seconds", std::round(time.count() * 1000) / 1000}};
    return told;
}

description describe(const std::string& source, const std::string& target, const vhd::convert_report& done,
                     std::chrono::duration<double> time)
{
    description told;
    told.text = printable(target) + ": converted from " + printable(source) + " in " + format_seconds(time) + ", "
        + format_size(done.virtual_size) + " for the guest, " + format_size(done.file_size) + " on the host\n";
    told.text += "  " + format_size(done.bytes_read) + " read, " + format_size(done.bytes_written)
        + " written, the rest is zeros\n";
    told.text += note_of(done.geometry, done.virtual_size);
    told.fields = {{"command", "convert"},
                   {"disk", source},
                   {"target", target},
                   {"virtual_size", done.virtual_size},
                   {"file_size", done.file_size},
                   {"size_for_ata", done.geometry.sectors() * vhd::sector_size},
                   {"blocks_allocated", done.blocks_allocated},
                   {"bytes_read", done.bytes_read},
                   {"bytes_written", done.bytes_written},
                   {"seconds", std::round(time.count() * 1000) / 1000}};
    return told;
}

description describe(const std::string& disk, const vhd::resize_report& done)
{
    description told;
    told.text = printable(disk) + ": resized from " + format_size(done.virtual_size_before) + " to "
        + format_size(done.virtual_size_after) + ", " + format_size(done.file_size) + " on the host\n";
    told.text += note_of(done.geometry, done.virtual_size_after);
    told.fields = {{"command", "resize"},
                   {"disk", disk},
                   {"virtual_size_before", done.virtual_size_before},
                   {"virtual_size_after", done.virtual_size_after},
                   {"file_size", done.file_size},
                   {"blocks_moved", done.blocks_moved},
                   {"size_for_ata", done.geometry.sectors() * vhd::sector_size}};
    return told;
}

description describe(const std::string& disk, const vhd::set_parent_report& done)
{
    description told;
    told.text = printable(disk) + ": its parent is " + printable(done.parent) + '\n';
    if (done.after.id != done.before.id)
        told.text += "  which has the id " + vhd::to_string(done.after.id) + "; the parent until now had "
            + vhd::to_string(done.before.id) + '\n';
    if (done.parent_seems_changed)
        told.text += "  by its time, it seems to have changed since the disk was made; this is not noted any more\n";
    if (!done.missing_beneath.empty())
        told.text += "  a parent of it is missing: " + printable(done.missing_beneath) + '\n';
    told.fields = {{"command", "set-parent"},
                   {"disk", disk},
                   {"parent", done.parent},
                   {"parent_id", vhd::to_string(done.after.id)},
                   {"parent_id_before", vhd::to_string(done.before.id)},
                   {"parent_seems_changed", done.parent_seems_changed},
                   {"missing_beneath", done.missing_beneath},
                   {"blocks_moved", done.blocks_moved},
                   {"file_size", done.file_size}};
    return told;
}

description describe(const std::string& disk, const vhd::check_report& done)
{
    description told;
    told.code = done.is_sound() ? exit_code::done : exit_code::defects;
    told.fields = {{"command", "check"},
                   {"disk", disk},
                   {"sound", done.is_sound()},
                   {"type", to_string(done.type)},
                   {"virtual_size", done.virtual_size},
                   {"file_size", done.file_size},
                   {"blocks_allocated", done.blocks_allocated},
                   {"unlisted", done.unlisted},
                   {"findings", nlohmann::ordered_json::array()}};
    for (const vhd::finding& one : done.findings) {
        told.text += "  " + text_of(one) + '\n';
        told.fields["findings"].push_back(fields_of(one));
    }
    if (done.unlisted != 0) told.text += "  and " + std::to_string(done.unlisted) + " more\n";
    const char* verdict = done.findings.empty() ? ": no defects\n" : ": sound\n";
    told.text.insert(0, printable(disk) + (done.is_sound() ? verdict : ": it has defects\n"));
    return told;
}

description describe(const vhd::mapped_range& range, bool is_first)
{
    std::array<char, 80> line{};
    description told;
    if (is_first) told.text = "        guest offset               length          file offset\n";
    std::snprintf(line.data(), line.size(), "%20" PRIu64 " %20" PRIu64 " %20" PRIu64 "\n", range.guest_offset,
                  range.length, range.file_offset);
    told.text += line.data();
    told.fields = {{"guest_offset", range.guest_offset}, {"length", range.length}, {"file_offset", range.file_offset}};
    return told;
}

description describe(const std::string& disk, const vhd::chain_info& chain)
{
    const vhd::image_info& info = chain.links.front().info;
    description told;
    told.text = table_of(disk, info) + drawing_of(chain);
    told.fields = {{"command", "info"},
                   {"disk", disk},
                   {"type", to_string(info.type)},
                   {"virtual_size", info.virtual_size},
                   {"original_size", info.original_size},
                   {"size_for_ata", info.size_for_ata},
                   {"size_for_qemu", info.size_for_qemu},
                   {"size_for_libvhdi", info.size_for_libvhdi},
                   {"file_size", info.file_size},
                   {"allocated_on_host", info.allocated_on_host},
                   {"block_size", info.block_size},
                   {"blocks", info.blocks},
                   {"blocks_allocated", info.blocks_allocated},
                   {"cylinders", info.geometry.cylinders},
                   {"heads", info.geometry.heads},
                   {"sectors_per_track", info.geometry.sectors_per_track},
                   {"created", to_text(info.created_at)},
                   {"creator", info.creator},
                   {"creator_version", std::to_string(info.creator_major) + '.' + std::to_string(info.creator_minor)},
                   {"creator_host_os", info.creator_host_os},
                   {"id", vhd::to_string(info.id)},
                   {"saved_state", info.saved_state},
                   {"footer", to_string(info.footer)},
                   {"chain", list_of(chain)}};
    if (chain.error) told.fields["chain_error"] = chain.message;
    return told;
}

} // namespace vmtask::cli
