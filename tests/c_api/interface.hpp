// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vmtask::test {

/// What the headers of the C API declare, as their text has it; all of it, so
/// that what is added is noticed, too.
struct c_interface {
    struct structure {
        std::string name;
        std::vector<std::string> members; // their declarations, as in "char unit[32]"
    };

    std::vector<std::string> constants;
    std::vector<structure> structures;
    std::vector<std::string> declarations; // functions and other types, a line each
};

/// Reads all headers below the folder.
[[nodiscard]] c_interface read_interface(const std::filesystem::path& folder);

/// Of a function's or a member's declaration.
[[nodiscard]] std::string declared_name(const std::string& declaration);

/// A program in C that prints what the compiler makes of it: a line for each
/// constant's value and each struct's and member's size and place.
[[nodiscard]] std::string program_about(const c_interface& interface);

} // namespace vmtask::test
