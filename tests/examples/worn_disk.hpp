// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vmtask::test {

/// A dynamic disk with something to compact: half of its 8 blocks were written
/// and then filled with zeros.
class worn_disk {
public:
    explicit worn_disk(std::filesystem::path path);

    [[nodiscard]] std::string name() const { return path_.string(); }
    [[nodiscard]] std::uint64_t file_size() const { return std::filesystem::file_size(path_); }

    /// File size when there was nothing compacted yet.
    [[nodiscard]] std::uint64_t worn_size() const noexcept { return worn_size_; }

    /// Whether it opens, passes all checks, and shows its guest what it wrote.
    [[nodiscard]] bool is_whole() const;

private:
    std::filesystem::path path_;
    std::vector<std::byte> expected_;
    std::uint64_t worn_size_ = 0;
};

} // namespace vmtask::test
