// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/image_info.hpp>
#include <vmtask/vhd/image_reader.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vmtask::vhd {

/// The most images in a chain.
inline constexpr std::size_t longest_chain = 256;

/// What led to a parent.
enum class parent_source {
    given,         // the caller named it
    relative_path, // of the child, from its folder
    absolute_path, // of the child
    name,          // it lies beside the child
};

/// "given", "relative path", "absolute path", "name".
[[nodiscard]] std::string_view to_string(parent_source source) noexcept;

/// Which files of a chain are opened for writing; the others, for reading.
enum class chain_access {
    read,             // none
    write_child,      // the first
    write_child_pair, // the first and its parent
};

struct chain_options {
    /// The disk's parent, instead of what the disk says of it.
    std::optional<std::filesystem::path> parent{};
};

/// One image of a chain.
struct chain_link {
    std::filesystem::path path;
    image_info info;

    // Of a parent:
    parent_source found_by = parent_source::given;
    /// By its time, and its child's note of it. Times are changed by copying and
    /// by what summer does to clocks, so this is worth a look and no more.
    bool seems_changed = false;
};

/// A disk and all that it shows, opened, locked and checked: its file, the file
/// of its parent, and so on down to a disk that has none.
///
/// A parent is looked for where the caller says, or else where the disk does, by
/// relative paths, absolute paths, and beside the disk by its name, in this order.
/// Paths may be of Windows' kind. It counts as found only if it has the id that
/// the disk names. A file is known by device and inode, so that a chain that
/// leads back to itself is noticed.
///
/// Thread safety: none; one caller at a time.
class disk_chain {
public:
    /// Errors: file_store's and read_layout()'s of any of the files;
    /// parent_not_found, wrong_parent, parent_cycle, chain_too_long.
    explicit disk_chain(const std::filesystem::path& disk, chain_access access = chain_access::read,
                        const chain_options& options = {});

    disk_chain(disk_chain&&) noexcept;
    disk_chain& operator=(disk_chain&&) noexcept;
    ~disk_chain();

    /// The disk itself first.
    [[nodiscard]] const std::vector<chain_link>& links() const noexcept { return links_; }

    /// Whether any parent does; see chain_link.
    [[nodiscard]] bool seems_changed() const noexcept;

    /// The file of a link.
    [[nodiscard]] file_store& store(std::size_t link = 0) noexcept;

    /// What a guest reads of a link. Precondition: what is opened for writing has
    /// not been written to.
    [[nodiscard]] image_reader& reader(std::size_t link = 0) noexcept;

    /// What lies beneath a link; null for a disk that has no parent.
    [[nodiscard]] guest_reader* beneath(std::size_t link = 0) noexcept;

private:
    struct member;

    std::vector<chain_link> links_;
    std::vector<std::unique_ptr<member>> members_;
};

} // namespace vmtask::vhd
