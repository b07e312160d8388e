// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/file_store.hpp>

#include <filesystem>
#include <optional>

namespace vmtask::vhd::detail {

/// A file that gets its name only when it is complete.
///
/// Until publish() it has none or, where the file system has no unnamed files,
/// a hidden one, which destruction removes.
class new_file {
public:
    enum class kind {
        unnamed_if_possible,
        hidden,
    };

    /// Errors: already_exists, no_such_file (the folder), access_denied, read_only.
    explicit new_file(const std::filesystem::path& path, kind wanted = kind::unnamed_if_possible);

    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;
    ~new_file();

    [[nodiscard]] file_store& store() noexcept { return *store_; }

    /// Gives the file its name, durably. What is in it has to be flushed before.
    /// Errors: already_exists; the other file is left alone.
    void publish();

private:
    [[nodiscard]] bool open_unnamed();
    void open_hidden();
    [[nodiscard]] int link_unnamed() const noexcept;
    [[nodiscard]] int rename_hidden() const noexcept;

    std::filesystem::path path_;
    std::filesystem::path folder_;
    std::filesystem::path hidden_; // its name for now; empty if it has none
    std::optional<file_store> store_;
};

} // namespace vmtask::vhd::detail
