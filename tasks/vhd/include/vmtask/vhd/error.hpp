// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <system_error>

namespace vmtask::vhd {

/// What can be wrong with a disk, its file, or what was asked of it.
///
/// Failures are thrown as std::system_error; its what() is one line: the file,
/// the reason, what to do. Errors of the system (a full file system, a failing
/// device) keep the system's own code.
enum class errc {
    // the file
    no_such_file = 1,
    already_exists,
    is_directory,
    not_a_regular_file,
    access_denied,
    read_only,
    in_use,
    no_locks,
    empty_file,
    file_too_short,

    // the image
    not_a_vhd,
    old_footer,
    bad_footer_checksum,
    unsupported_version,
    unsupported_type,
    bad_size,
    bad_header,
    bad_header_checksum,
    bad_block_size,
    bad_table,
    table_too_large,
    metadata_overlaps,
    block_out_of_range,
    blocks_overlap,

    // its chain
    parent_not_found,
    wrong_parent,
    parent_cycle,
    chain_too_long,
    parent_too_small,
    not_differencing,
    unusable_parent_name,

    // what was asked
    fixed_disk,
    differencing_disk,
    saved_state,
    foreign_block_map,
    invalid_size,
    invalid_block_size,
    unaligned_access,
    beyond_the_end,
    disk_too_full,
    cannot_shrink,
};

/// The category of errc. A message is a reason and, after a semicolon, what to do.
/// Codes that have a counterpart in std::errc compare equal to it.
[[nodiscard]] const std::error_category& error_category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace vmtask::vhd

template <>
struct std::is_error_code_enum<vmtask::vhd::errc> : std::true_type {
};
