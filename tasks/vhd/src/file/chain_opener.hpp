// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/disk_chain.hpp>
#include <vmtask/vhd/layout.hpp>
#include <vmtask/vhd/parent_reference.hpp>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace vmtask::vhd::detail {

/// An image that has been opened, without its table.
struct opened_image {
    chain_link link;
    std::unique_ptr<file_store> store;
    disk_footer footer;
    dynamic_header header;
    std::optional<parent_reference> parent; // of a differencing disk
};

/// Opens a chain image by image.
class chain_opener {
public:
    /// Errors: those of the disk itself.
    chain_opener(const std::filesystem::path& disk, chain_access access, const chain_options& options);

    /// The first parent may have any id.
    void ignore_first_id() noexcept { ignores_first_id_ = true; }

    /// Opens the next parent; false if there is none. Errors: disk_chain's.
    bool open_next();

    [[nodiscard]] std::vector<opened_image>& images() noexcept { return images_; }

private:
    struct candidate {
        std::filesystem::path path;
        parent_source source;
    };
    using identity = std::pair<dev_t, ino_t>;

    void open(const std::filesystem::path& path, parent_source source);
    [[nodiscard]] bool try_parent(const candidate& where);
    [[nodiscard]] bool is_parent(const candidate& where);
    void refuse_cycle(const std::filesystem::path& path) const;
    [[nodiscard]] file_access access_of_next() const noexcept;
    [[nodiscard]] std::vector<candidate> candidates() const;
    [[noreturn]] void fail_not_found(const std::vector<candidate>& looked_at) const;

    chain_access access_;
    const chain_options& options_;
    bool ignores_first_id_ = false;
    std::vector<opened_image> images_;
    std::vector<identity> identities_;
    std::exception_ptr first_failure_; // of the parent being looked for
};

} // namespace vmtask::vhd::detail
