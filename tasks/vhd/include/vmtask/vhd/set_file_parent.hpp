// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/set_image_parent.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <filesystem>

namespace vmtask::vhd {

struct set_parent_options {
    /// Also take a disk that is not the parent by its id. What the disk holds is
    /// only right over the data that it was made from: who ignores the id has to
    /// know that this is what the new parent shows, as a copy of the old one does.
    bool ignore_id_mismatch = false;
};

/// Makes a differencing disk name `parent` as its parent, on the calling thread:
/// the same one that has been moved or renamed, or another one. No data is copied.
///
/// It notes what create_child_file() does, also the parent's present time. Of the
/// parent's own parents it opens those that can be found; that one is missing or
/// another disk is reported, and not refused, so that the disks of a chain that
/// has moved can be mended in any order.
///
/// The disk is locked as a writer's, its parents as a reader's.
///
/// Every moment of this is a disk with the old or the new parent, see
/// set_image_parent(). Cancellation: as there.
///
/// Errors: set_image_parent()'s; file_store's and read_layout()'s of any of the
/// files; wrong_parent (and the id is not to be ignored); parent_cycle (the disk is
/// `parent`, or among its parents); chain_too_long; parent_too_small (it is not the
/// parent by its id, and shorter than the disk).
set_parent_report set_file_parent(const std::filesystem::path& disk, const std::filesystem::path& parent,
                                  const set_parent_options& options, work_monitor& monitor);

/// The same with nobody watching.
set_parent_report set_file_parent(const std::filesystem::path& disk, const std::filesystem::path& parent,
                                  const set_parent_options& options = {});

} // namespace vmtask::vhd
