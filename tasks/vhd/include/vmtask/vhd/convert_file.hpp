// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/work_monitor.hpp>
#include <vmtask/vhd/write_image.hpp>

#include <cstdint>
#include <filesystem>

namespace vmtask::vhd {

struct convert_options {
    /// What the target is to be.
    write_options target;

    /// The source has the guest's bytes and nothing else. It has to be said: a
    /// raw disk may hold what looks like an image, for instance another disk.
    bool from_raw = false;
};

/// What was written; the virtual size is the source's, in whole sectors.
using convert_report = write_report;

/// Makes a new disk with the data of another, on the calling thread.
///
/// The source is a fixed or dynamic disk or raw; it is locked as a reader's and
/// not changed. The target appears under its name whole and durable or not at
/// all, and an existing file is never touched; see create_file().
///
/// Cancellation: at monitor.checkpoint(), until the target gets its name.
///
/// Errors, of the source: file_store's, read_layout()'s, saved_state,
/// differencing_disk. Of the target: write_image()'s and create_file()'s.
convert_report convert_file(const std::filesystem::path& from, const std::filesystem::path& to,
                            const convert_options& options, work_monitor& monitor);

} // namespace vmtask::vhd
