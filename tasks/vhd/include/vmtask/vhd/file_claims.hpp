// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/resource.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vmtask::vhd {

// Each function of vmtask::vhd that posts a task lets it claim its files, so that
// two tasks of one engine on one disk run one after the other, and obstacle() says
// who is first; exclusively what it writes to, shared what it only reads. Tasks of
// one's own that claim file_claims() are put in order with them.
//
// Claims are made when the task is posted. That looks at the files and opens none,
// so a parent that only the disk knows is not claimed. They put tasks in order;
// what keeps files whole are the locks, which also others and other programs meet.
//
// All else that a task is posted with, such as a lane or when_busy, is the caller's
// to say in the task_options. Kind and description, if he leaves them empty, are
// the work's name, such as "compact", and its files. when_busy::join and replace go
// by kind and files, not by what is asked for beside them, such as a new size.

/// The resource that stands for a file, whatever path leads to it: "file 2049:131",
/// its device and its inode, in decimal, as stat() gives them.
///
/// Nothing if there is no such file, or none that may be looked at. Nothing is
/// opened; symbolic links are followed.
[[nodiscard]] std::optional<std::string> file_resource(const std::filesystem::path& path);

/// The resource that stands for a name in a folder, whether or not a file has it:
/// "name 2049:17/disk.vhd", with the folder's device and inode.
///
/// Nothing if there is no such folder, or none that may be looked at. A last part
/// that is a symbolic link is a name, too, and not followed.
[[nodiscard]] std::optional<std::string> name_resource(const std::filesystem::path& path);

/// What a task of vmtask::vhd claims for a file: both of these, as far as there
/// are any. So it meets those who use the file by another name, and those who
/// make it or remove it.
[[nodiscard]] std::vector<resource_claim> file_claims(const std::filesystem::path& path,
                                                      claim_mode mode = claim_mode::exclusive);

} // namespace vmtask::vhd
