// SPDX-License-Identifier: BSL-1.0
//
// What programs rely on that were compiled against the library as it was: its
// symbols, the layout of its structs, the values of its constants, the types of
// its functions. It is compared with what was committed.
//
// A change that is meant: copy the file that the test names over the committed
// one. What is added is fine; what changes or goes needs another soname.

#include "interface.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace vmtask::test;
using lines = std::vector<std::string>;

namespace {

lines lines_of(std::istream& text)
{
    lines read;
    for (std::string line; std::getline(text, line);) read.push_back(line);
    return read;
}

lines lines_of(const std::string& text)
{
    std::istringstream stream(text);
    return lines_of(stream);
}

lines committed(const std::string& name)
{
    std::ifstream file(ABI_FOLDER "/" + name);
    REQUIRE(file);
    return lines_of(file);
}

/// Says line by line what differs, and leaves the actual file.
void require_as_committed(const lines& actual, const std::string& name)
{
    const std::string place = ACTUAL_FOLDER "/" + name;
    std::ofstream file(place);
    for (const std::string& line : actual) file << line << '\n';
    file.close();
    REQUIRE(file);

    const lines known = committed(name);
    for (const std::string& line : known)
        if (std::find(actual.begin(), actual.end(), line) == actual.end()) UNSCOPED_INFO("changed or gone: " << line);
    for (const std::string& line : actual)
        if (std::find(known.begin(), known.end(), line) == known.end()) UNSCOPED_INFO("not committed: " << line);
    INFO("what there is now is in " << place);
    const bool is_as_committed = actual == known;
    CHECK(is_as_committed);
}

/// What `nm` says, without the addresses.
lines symbols()
{
    const outcome listed = run({NM, "-D", "--defined-only", LIBRARY});
    REQUIRE(listed.code == 0);
    lines found;
    for (const std::string& line : lines_of(listed.output)) found.push_back(line.substr(line.find(' ') + 1));
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

TEST_CASE("the library shows the symbols that were committed and no others", "[c_api][abi]")
{
    require_as_committed(symbols(), "symbols.txt");
}

TEST_CASE("the library shows all that its headers declare", "[c_api][abi]")
{
    std::set<std::string> declared;
    for (const std::string& line : read_interface(HEADER_FOLDER).declarations)
        if (line.starts_with("VMTASK_API")) declared.insert("T " + declared_name(line) + "@@VMTASK_0");
    const lines shown = symbols();
    std::set<std::string> functions(shown.begin(), shown.end());
    functions.erase("A VMTASK_0");

    CHECK(declared.size() > 40);
    CHECK(declared == functions);
}

TEST_CASE("structs, constants and functions are as committed", "[c_api][abi]")
{
    if (sizeof(void*) != 8) {
        WARN("skipped: what is committed is for 64 bits");
        return;
    }
    const temporary_folder folder;
    const std::string source = folder / "layout.c";
    const std::string program = folder / "layout";
    const c_interface interface = read_interface(HEADER_FOLDER);
    std::ofstream(source) << program_about(interface);

    const outcome compiled = run({C_COMPILER, "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror",
                                  "-I" HEADER_FOLDER, source, "-o", program});
    INFO(compiled.output);
    REQUIRE(compiled.code == 0);
    const outcome printed = run({program});
    REQUIRE(printed.code == 0);

    lines actual = lines_of(printed.output);
    lines declarations = interface.declarations;
    std::sort(declarations.begin(), declarations.end());
    std::copy(declarations.begin(), declarations.end(), std::back_inserter(actual));
    require_as_committed(actual, "interface.txt");
}

TEST_CASE("the library's soname is stable", "[c_api][abi]")
{
    const outcome read = run({READELF, "-d", LIBRARY});
    REQUIRE(read.code == 0);
    CHECK(read.output.find("[libvmtask.so.0]\n") != std::string::npos);
}

TEST_CASE("the programs in the part's README compile", "[c_api][readme]")
{
    std::ifstream file(README);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const temporary_folder folder;
    const std::string source = folder / "readme.c";
    int programs = 0;
    for (std::size_t begin = 0; (begin = text.find("```c\n", begin)) != std::string::npos; ++programs) {
        begin += 5;
        // What is not a whole program shows what it does with one's own.
        std::ofstream(source) << "#include <vmtask.h>\n" << text.substr(begin, text.find("```\n", begin) - begin);
        const outcome compiled = run({C_COMPILER, "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror",
                                      "-Wno-unused-function", "-fsyntax-only", "-I" HEADER_FOLDER, source});
        INFO(compiled.output);
        CHECK(compiled.code == 0);
    }
    CHECK(programs == 2);
}

TEST_CASE("the headers are C99 and C11 and C++", "[c_api][abi]")
{
    const lines strict{"-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-I" HEADER_FOLDER};
    const auto compiles = [&](lines command) {
        command.insert(command.end(), strict.begin(), strict.end());
        command.emplace_back(HEADER_FOLDER "/vmtask.h");
        const outcome ended = run(command);
        INFO(ended.output);
        CHECK(ended.code == 0);
    };
    compiles({C_COMPILER, "-x", "c", "-std=c99"});
    compiles({C_COMPILER, "-x", "c", "-std=c11"});
    compiles({CXX_COMPILER, "-x", "c++", "-std=c++11"});
    compiles({CXX_COMPILER, "-x", "c++", "-std=c++20"});
}
