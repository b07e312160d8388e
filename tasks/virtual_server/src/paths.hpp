// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>

#include <filesystem>

namespace vmtask::virtual_server {

/// A name in the form that the system takes; it may be relative.
///
/// Errors, as call_failure: E_POINTER for null; E_BAD_PATHNAME if it is empty;
/// E_INVALID_NAME for characters that no file name has; E_BUFFER_OVERFLOW.
[[nodiscard]] std::filesystem::path to_name(BSTR text);

/// The same of an absolute path. E_BAD_PATHNAME for others.
[[nodiscard]] std::filesystem::path to_path(BSTR text);

/// Errors: E_FILE_NOT_FOUND; E_PATH_NOT_FOUND if its folder is missing too.
void require_existing(const std::filesystem::path& path);

/// Errors: E_ALREADY_EXISTS; E_BAD_PATHNAME for what names a folder.
void require_new(const std::filesystem::path& path);

/// Where files can be made: `folder` or, where it is missing, the one in which it
/// would be made.
///
/// Errors: E_PATH_NOT_FOUND if there is a file in the way; E_ACCESSDENIED,
/// VM_E_FILE_READ_ONLY if nothing can be made there.
[[nodiscard]] std::filesystem::path nearest_folder(const std::filesystem::path& folder);

/// That a file can be made there. Errors: those of require_new(); E_PATH_NOT_FOUND
/// if the folder is missing; nearest_folder()'s.
void require_new_in_folder(const std::filesystem::path& path);

/// Makes a folder and those above it, and takes them away again unless they are
/// kept.
class made_folder {
public:
    explicit made_folder(const std::filesystem::path& folder);
    made_folder(const made_folder&) = delete;
    made_folder& operator=(const made_folder&) = delete;
    ~made_folder();

    void keep() noexcept { lowest_.clear(); }

private:
    std::filesystem::path lowest_; // empty if there is nothing to take away
    std::filesystem::path existing_;
};

} // namespace vmtask::virtual_server
