// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/task.hpp>
#include <vmtask/task_options.hpp>
#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/merge_image.hpp>
#include <vmtask/vhd/write_image.hpp>

#include <filesystem>

namespace vmtask::vhd {

struct merge_options {
    /// Leave the child where it is; it goes on showing what it did.
    bool keep_child = false;

    /// How its parent is found.
    chain_options chain{};
};

/// Posts a task that does merge_image() on a differencing disk and its parent, and
/// then removes the child's file.
///
/// Child and parent are locked as long as it runs, the parents beneath them are
/// open for reading. The child is removed when the parent has all that it had, and
/// that is durable; until then it can go on being used. Progress is in bytes.
/// A parent that seems to have changed is reported, and not refused: a merge that
/// was stopped has changed it, and it shows after the merge what the child did.
///
/// Claims: the child, and the parent if the caller names it. Another parent is not
/// known before the child has been read, which posting does not do; in_use is then
/// what the later of two merges into it ends with.
///
/// Cancellation: as merge_image(); not any more once the child is being removed.
///
/// Errors, of the task: merge_image()'s and disk_chain's; not_differencing;
/// access_denied, when the child cannot be removed, or no_such_file, when another
/// file has its name by then, both after all else is done.
task<merge_report> merge(engine& where, std::filesystem::path child, merge_options options = {},
                         task_options about = {});

/// The same with what the caller has opened, for writing of child and parent: for
/// whoever looks at a chain before he decides, and lets nobody else at it in
/// between. All files are closed before the task is complete.
///
/// Claims: child and parent; shared, the parents beneath them.
///
/// Errors, of the task: merge_image()'s; not_differencing; access_denied.
task<merge_report> merge(engine& where, disk_chain chain, bool keep_child = false, task_options about = {});

/// Posts a task that writes all that a disk shows, whatever it and its parents
/// are, as a new image that has no parent.
///
/// The new file appears whole and durable, or not at all; nothing else is written
/// to. Progress is in bytes of the guest.
///
/// Claims: the new file; shared, the disk, and a parent that the caller names.
///
/// Cancellation: as write_image(), until the new file gets its name.
///
/// Errors, of the task: write_image()'s and disk_chain's; create_file()'s for the
/// new file.
task<write_report> merge_into(engine& where, std::filesystem::path disk, std::filesystem::path target,
                              write_options options = {}, chain_options chain = {}, task_options about = {});

/// The same with what the caller has opened, for reading. All files are closed
/// before the task is complete.
///
/// Claims: the new file; shared, all of the chain.
///
/// Errors, of the task: write_image()'s; create_file()'s for the new file.
task<write_report> merge_into(engine& where, disk_chain chain, std::filesystem::path target, write_options options = {},
                              task_options about = {});

} // namespace vmtask::vhd
