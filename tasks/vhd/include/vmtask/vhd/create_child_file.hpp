// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/create_image.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace vmtask::vhd {

struct child_options {
    /// What the guest sees; as much as of the parent unless given.
    std::optional<std::uint64_t> size_bytes{};

    /// As the parent's unless given, or 2 MiB if it has none.
    std::optional<std::uint32_t> block_size_bytes{};

    /// The disk's identity; a random one unless given.
    std::optional<uuid> id{};

    /// Seconds since 2000-01-01 UTC; now unless given.
    std::optional<std::uint32_t> timestamp{};
};

/// Makes a new differencing disk, on the calling thread, that shows what `parent`
/// does until it is written to. Either path may be relative to the other, or not.
///
/// It notes the parent's id and time, its name, its absolute path, and the way to
/// it from the new disk's folder, both without symbolic links. All of the parent's
/// chain is opened and checked. From now on only its children may be written to:
/// to write to a parent spoils them.
///
/// The file appears as create_file()'s does.
///
/// Errors: create_image()'s and create_file()'s, disk_chain's for the parent.
create_report create_child_file(const std::filesystem::path& path, const std::filesystem::path& parent,
                                const child_options& options = {});

} // namespace vmtask::vhd
