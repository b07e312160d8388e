// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task_options.hpp>
#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/file_claims.hpp>
#include <vmtask/vhd/file_store.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace vmtask::vhd::detail {

// What a task on disks is posted with: what the caller says, and what we know.

/// Says what the task is, as far as the caller has not.
void describe(task_options& about, std::string_view kind, std::string description);

/// Adds what a task claims for a file that it is to open, or to make.
void claim(task_options& about, const std::filesystem::path& path, claim_mode mode);

/// The same of a file that is open already.
void claim(task_options& about, const file_store& opened, claim_mode mode);

/// The same of all files of a chain, of which the first `written` are written to.
void claim(task_options& about, disk_chain& opened, std::size_t written);

/// The same of the parent, if the caller has said which file it is. Another one
/// is not known before the disk has been read.
void claim_parent(task_options& about, const chain_options& chain, claim_mode mode);

} // namespace vmtask::vhd::detail
