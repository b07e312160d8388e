// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace vmtask::benchmark {

/// A folder for disks, under TMPDIR, removed with all that is in it.
class scratch_folder {
public:
    scratch_folder();
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

    /// Throws not_measurable unless so much can still be written here.
    void require_space(std::uint64_t bytes) const;

    /// What all the files in it take from the file system, in bytes.
    [[nodiscard]] std::uint64_t space_taken() const;

private:
    std::filesystem::path path_;
};

/// Runs another program to its end, its output thrown away. Throws
/// not_measurable when it is not installed, std::runtime_error when it fails.
void run_command(std::vector<std::string> command);

/// Returns when what was written to the file is durable.
void flush_file(const std::filesystem::path& path);

/// How long it takes, in milliseconds.
[[nodiscard]] double milliseconds_of(const std::function<void()>& work);

} // namespace vmtask::benchmark
