// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/vhd/write_image.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace vmtask::cli {

enum class command { create, compact, convert, resize, merge, set_parent, check, info, map, tell };

/// What the user asked for.
struct command_line {
    cli::command command = command::tell;
    std::string text; // to be told, with command::tell: help or version

    std::string disk;
    std::string target;                // convert, merge; empty if there is none
    std::optional<std::string> parent; // create, compact, merge, set-parent, check, info
    bool json = false;
    bool quiet = false;
    std::optional<std::chrono::duration<double>> timeout;  // of what can be stopped
    std::uint64_t size_bytes = 0;                          // create, resize
    vhd::image_format format = vhd::image_format::dynamic; // create, convert
    std::optional<std::uint32_t> block_size_bytes;         // create, convert
    bool sparse = false;                                   // create, convert, resize
    bool from_raw = false;                                 // convert
    bool differencing = false;                             // create
    bool keep_child = false;                               // merge
    bool ignore_id_mismatch = false;                       // set-parent
    bool repair = false;                                   // check
    bool punch_holes = false;                              // compact
};

/// A command line that makes no sense; what() is one line with the reason and
/// where to read more.
class usage_error : public std::runtime_error {
public:
    usage_error(const std::string& message, bool as_json) : std::runtime_error(message), json_(as_json) {}

    /// Whether the user, as far as one can tell, is a machine.
    [[nodiscard]] bool as_json() const noexcept { return json_; }

private:
    bool json_;
};

/// Understands the arguments of main(). Errors: usage_error.
[[nodiscard]] command_line parse_command_line(int argc, const char* const* argv);

} // namespace vmtask::cli
