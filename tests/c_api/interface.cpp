// SPDX-License-Identifier: BSL-1.0

#include "interface.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace vmtask::test {

namespace {

/// Without comments and preprocessor's lines, with single spaces.
std::string plain_text(const std::filesystem::path& header)
{
    std::ifstream file(header);
    std::string text;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("#") || line.starts_with("VMTASK_BEGIN_C") || line.starts_with("VMTASK_END_C")) continue;
        text += line.substr(0, line.find("//")) + ' ';
    }
    return std::regex_replace(text, std::regex(" +"), " ");
}

/// The statements, whose braces may hold statements of their own.
std::vector<std::string> statements_of(const std::string& text)
{
    std::vector<std::string> statements;
    std::string statement;
    int depth = 0;
    for (const char each : text) {
        if (each == '{') ++depth;
        if (each == '}') --depth;
        if (each == ';' && depth == 0) {
            statements.push_back(statement.substr(statement.find_first_not_of(' ')));
            statement.clear();
        } else {
            statement += each;
        }
    }
    return statements;
}

std::vector<std::string> split(const std::string& text, char separator)
{
    std::vector<std::string> parts;
    std::istringstream rest(text);
    for (std::string part; std::getline(rest, part, separator);) {
        const auto first = part.find_first_not_of(' ');
        if (first != std::string::npos) parts.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
    }
    return parts;
}

void add(c_interface& interface, const std::string& statement)
{
    static const std::regex enumeration(R"(enum \{(.*)\})");
    static const std::regex structure(R"(typedef struct (\w+) \{(.*)\} (\w+))");
    std::smatch match;
    if (std::regex_match(statement, match, enumeration)) {
        for (const std::string& constant : split(match[1], ','))
            interface.constants.push_back(split(constant, '=').front());
    } else if (std::regex_match(statement, match, structure)) {
        interface.structures.push_back({match[1], split(match[2], ';')});
    } else {
        interface.declarations.push_back(statement);
    }
}

} // namespace

c_interface read_interface(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> headers;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) headers.push_back(entry.path());
    std::sort(headers.begin(), headers.end());

    c_interface interface;
    for (const auto& header : headers)
        for (const std::string& statement : statements_of(plain_text(header))) add(interface, statement);
    return interface;
}

std::string declared_name(const std::string& declaration)
{
    static const std::regex name(R"((\w+)(\(.*|\[.*)?$)");
    std::smatch match;
    if (!std::regex_search(declaration, match, name)) throw std::runtime_error("no name in: " + declaration);
    return match[1];
}

std::string program_about(const c_interface& interface)
{
    std::ostringstream program;
    program << "#include <stdio.h>\n#include <vmtask.h>\nint main(void)\n{\n";
    for (const std::string& constant : interface.constants)
        program << "printf(\"" << constant << " = %d\\n\", (int)" << constant << ");\n";
    program << "printf(\"VMTASK_NO_LIMIT = %lld\\n\", (long long)VMTASK_NO_LIMIT);\n";
    for (const auto& [type, members] : interface.structures) {
        program << "printf(\"" << type << ": %zu bytes\\n\", sizeof(" << type << "));\n";
        for (const std::string& member : members) {
            const std::string name = declared_name(member);
            program << "printf(\"" << type << ": " << member << ", at %zu, %zu bytes\\n\", offsetof(" << type << ", "
                    << name << "), sizeof(((" << type << " *)0)->" << name << "));\n";
        }
    }
    program << "return 0;\n}\n";
    return program.str();
}

} // namespace vmtask::test
