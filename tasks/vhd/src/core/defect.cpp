// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/check_image.hpp>

#include <algorithm>
#include <iterator>

namespace vmtask::vhd {

namespace {

struct entry {
    defect what;
    std::string_view name;
    std::string_view text;
};

constexpr entry entries[] = {
    {defect::not_a_vhd, "not_a_vhd", "there is no footer, neither at the end nor at the start"},
    {defect::old_footer, "old_footer", "the footer has 511 bytes, as before Virtual PC 2004"},
    {defect::footer_missing, "footer_missing", "there is no footer at the end"},
    {defect::footer_damaged, "footer_damaged", "the footer's checksum is wrong"},
    {defect::footer_copy_missing, "footer_copy_missing", "there is no copy of the footer at the start"},
    {defect::footer_copy_damaged, "footer_copy_damaged", "the checksum of the footer's copy is wrong"},
    {defect::footer_copy_differs, "footer_copy_differs", "the footer and its copy differ; QEMU goes by the copy"},
    {defect::unsupported_version, "unsupported_version", "the footer is of an unknown version of the format"},
    {defect::unsupported_type, "unsupported_type", "the disk is neither fixed, dynamic nor differencing"},
    {defect::bad_features, "bad_features", "the features have not the bit that is always set, or unknown ones"},
    {defect::bad_data_offset, "bad_data_offset", "a fixed disk's footer gives the place of a header"},
    {defect::bad_size, "bad_size", "the size is not possible"},
    {defect::bad_geometry, "bad_geometry", "the geometry describes nothing, or more than the disk has"},
    {defect::other_geometry, "other_geometry", "the geometry is not the one that the specification calculates"},
    {defect::other_original_size, "other_original_size", "the size at creation is another, and libvhdi goes by it"},
    {defect::other_size_for_qemu, "other_size_for_qemu", "because of its creator QEMU takes the geometry's size"},
    {defect::bad_saved_state, "bad_saved_state", "the mark of a saved state is neither 0 nor 1"},
    {defect::saved_state, "saved_state", "the virtual machine is in a saved state"},
    {defect::temporary, "temporary", "the disk is marked as temporary"},
    {defect::footer_reserved_used, "footer_reserved_used", "reserved bytes of the footer are used"},
    {defect::created_in_future, "created_in_future", "the time of creation lies in the future"},
    {defect::longer_than_disk, "longer_than_disk", "there is something between the disk's data and its footer"},
    {defect::bad_header_place, "bad_header_place", "the header cannot be where the footer says"},
    {defect::header_missing, "header_missing", "there is no header where the footer says"},
    {defect::header_damaged, "header_damaged", "the header's checksum is wrong"},
    {defect::unsupported_header_version, "unsupported_header_version", "the header is of an unknown version"},
    {defect::header_reserved_used, "header_reserved_used", "reserved bytes of the header are used"},
    {defect::bad_header_data_offset, "bad_header_data_offset",
     "the header's unused offset is not all ones, which XenServer insists on"},
    {defect::bad_block_size, "bad_block_size", "the block size is no power of two from a sector up"},
    {defect::unusual_block_size, "unusual_block_size", "the block size is neither 512 KiB nor 2 MiB"},
    {defect::table_too_short, "table_too_short", "the table has not an entry for each block of the disk"},
    {defect::table_too_long, "table_too_long", "the table has more entries than we support"},
    {defect::table_out_of_range, "table_out_of_range", "the table is not within the file, or not at a sector"},
    {defect::metadata_overlap, "metadata_overlap", "footer, header and table overlap"},
    {defect::bad_locator, "bad_locator", "a path to the parent is not within the file"},
    {defect::block_out_of_range, "block_out_of_range", "a block lies outside the file"},
    {defect::block_overlaps_metadata, "block_overlaps_metadata",
     "a block lies over the header, the table or a locator"},
    {defect::blocks_overlap, "blocks_overlap", "two blocks share a place in the file"},
    {defect::block_beyond_disk, "block_beyond_disk", "a block has a place but lies beyond the end of the disk"},
    {defect::unaligned_blocks, "unaligned_blocks", "the data of blocks does not begin at multiples of 4 KiB"},
    {defect::unwritten_data, "unwritten_data",
     "a block has data in sectors that its bitmap says were never written; QEMU shows it to the guest"},
    {defect::foreign_block_map, "foreign_block_map", "XenServer's block map follows the table"},
    {defect::lost_space, "lost_space", "there is room between the blocks; compact returns it"},
    {defect::lost_space_at_end, "lost_space_at_end", "there is room between the last block and the footer"},
    {defect::parent_unusable, "parent_unusable", "a parent cannot be used"},
    {defect::parent_changed, "parent_changed",
     "a parent seems to have changed since its child was made, whose data may then be wrong; some programs refuse it"},
};

const entry* find(defect what) noexcept
{
    const auto* const found = std::ranges::find(entries, what, &entry::what);
    return found == std::end(entries) ? nullptr : found;
}

} // namespace

std::string_view to_string(defect what) noexcept
{
    const entry* const found = find(what);
    return found == nullptr ? "unknown" : found->name;
}

std::string_view describe(defect what) noexcept
{
    const entry* const found = find(what);
    return found == nullptr ? "unknown" : found->text;
}

std::string_view to_string(severity how_bad) noexcept
{
    switch (how_bad) {
    case severity::note: return "note";
    case severity::warning: return "warning";
    case severity::error: return "error";
    }
    return "unknown";
}

bool check_report::is_sound() const noexcept
{
    return std::ranges::none_of(findings,
                                [](const finding& one) { return one.how_bad != severity::note && !one.is_mended; });
}

} // namespace vmtask::vhd
