// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>

namespace vmtask::cli {

/// One of the program's streams, unbuffered.
///
/// The first failure is kept and ends the stream: nothing is written after it,
/// so what arrived is a beginning of what was meant. SIGPIPE has to be ignored.
class output {
public:
    /// Does not own the descriptor.
    explicit output(int descriptor) noexcept : descriptor_(descriptor) {}

    [[nodiscard]] bool is_terminal() const noexcept;

    /// Columns of the terminal; 80 when it does not know.
    [[nodiscard]] std::size_t width() const noexcept;

    /// Writes all of it, however long the reader takes.
    void write(std::string_view text) noexcept;

    /// Writes all of it, or nothing when the reader is behind. For short texts
    /// (up to 4096 bytes) that come too often to wait for.
    void write_if_ready(std::string_view text) noexcept;

    /// Empty while everything has been written.
    [[nodiscard]] std::error_code error() const noexcept { return error_; }

private:
    int descriptor_;
    std::error_code error_;
};

/// Gives the standard streams a place if the caller has closed any of them.
///
/// Else the first file to be opened, a disk, would become the standard output.
/// What is opened in their place fails on use, as a closed one does.
void occupy_standard_descriptors() noexcept;

} // namespace vmtask::cli
