// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask::vhd {

/// What can be found wrong with an image, or worth knowing.
enum class defect {
    // the footer, at the end and, of disks with a table, its copy at the start
    not_a_vhd,
    old_footer,
    footer_missing,
    footer_damaged,
    footer_copy_missing,
    footer_copy_damaged,
    footer_copy_differs,
    unsupported_version,
    unsupported_type,
    bad_features,
    bad_data_offset,
    bad_size,
    bad_geometry,
    other_geometry,
    other_original_size,
    other_size_for_qemu,
    bad_saved_state,
    saved_state,
    temporary,
    footer_reserved_used,
    created_in_future,
    longer_than_disk,

    // the header
    bad_header_place,
    header_missing,
    header_damaged,
    unsupported_header_version,
    header_reserved_used,
    bad_header_data_offset,
    bad_block_size,
    unusual_block_size,
    table_too_short,
    table_too_long,
    table_out_of_range,
    metadata_overlap,
    bad_locator,

    // the table and the blocks
    block_out_of_range,
    block_overlaps_metadata,
    blocks_overlap,
    block_beyond_disk,
    unaligned_blocks,
    unwritten_data,
    foreign_block_map,
    lost_space,
    lost_space_at_end,

    // the parents; only looked at by check() and repair()
    parent_unusable,
    parent_changed,
};

enum class severity {
    note,    // harmless
    warning, // some programs see the disk otherwise, or refuse it
    error,   // the disk cannot be used as it is, or not all of it
};

struct finding {
    defect what{};
    severity how_bad = severity::note;
    bool is_mendable = false; // by repair_image()
    bool is_mended = false;
    std::uint64_t offset = 0; // in the file, bytes
    std::string detail;       // which block, what value
};

struct check_report {
    std::vector<finding> findings;    // of each defect the first most_listed
    std::uint64_t unlisted = 0;       // that there are besides
    disk_type type = disk_type::none; // if it could be told
    std::uint64_t virtual_size = 0;   // bytes, as far as known
    std::uint64_t file_size = 0;      // bytes
    std::uint64_t blocks_allocated = 0;

    /// Whether nothing but notes is left.
    [[nodiscard]] bool is_sound() const noexcept;
};

inline constexpr std::size_t most_listed = 100;

/// The enumerator's name, for machines.
[[nodiscard]] std::string_view to_string(defect what) noexcept;
[[nodiscard]] std::string_view to_string(severity how_bad) noexcept;

/// One sentence, for people.
[[nodiscard]] std::string_view describe(defect what) noexcept;

/// Finds all that is wrong with an image, and reads of its data only what the
/// bitmaps say was never written.
///
/// What cannot be read because of a defect is not judged. Parents are not looked
/// at; see check(). Progress is in bytes of blocks. Memory is linear in the table, which is
/// bounded by largest_table and by the file.
///
/// Cancellation: at monitor.checkpoint(). Errors: the store's.
[[nodiscard]] check_report check_image(byte_store& store, work_monitor& monitor);

/// The same, and mends what can be mended without guessing:
///
/// - a footer from its copy, and the copy from the footer;
/// - a checksum, where all that it covers is plainly right: of a fixed disk's
///   footer whose size is the file's and whose geometry is the size's, of two
///   equal footers with one wrong checksum, of a header that fits the size, the
///   file and the table;
/// - a geometry that describes nothing, or more than there is;
/// - entries of blocks that the disk does not have;
/// - space behind the last block, which it cuts.
///
/// Everything else is left as it is; what a guest can read does not change. Each
/// step is a sector's write, or a cut, that is durable before the next, so that
/// a kill between them leaves fewer defects and no new one.
///
/// The report has what was found at first, marked where it was mended.
check_report repair_image(byte_store& store, work_monitor& monitor);

} // namespace vmtask::vhd
