// SPDX-License-Identifier: BSL-1.0
//
// The two examples of the C API, which say and do the same.

#include "brake.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using command = std::vector<std::string>;

namespace {

/// An example, as it is and with a brake.
struct example {
    std::string name;
    command program;
    command held;
};

command in_python(const std::string& preloaded)
{
    // AddressSanitizer looks for what throws when it begins, and Python has none.
    const std::string runtime = *SANITIZER_RUNTIME == '\0' ? "" : SANITIZER_RUNTIME " libstdc++.so.6 ";
    return {"env",
            "VMTASK_LIBRARY=" C_API_LIBRARY,
            "LD_PRELOAD=" + runtime + preloaded,
            "ASAN_OPTIONS=detect_leaks=0", // those of Python
            PYTHON,
            SOURCE_FOLDER "/examples/c_api.py"};
}

std::vector<example> examples()
{
    std::vector<example> all{{"in C", {EXAMPLE_c_api}, {HELD_c_api}}};
    if (*PYTHON != '\0') all.push_back({"in Python", in_python(""), in_python(BRAKE_LIBRARY)});
    else WARN("skipped: the example in Python, as there is no python3, or none for this sanitizer");
    return all;
}

command with(command program, const command& arguments)
{
    program.insert(program.end(), arguments.begin(), arguments.end());
    return program;
}

} // namespace

TEST_CASE("the examples of the C API compact a disk", "[examples][c_api]")
{
    for (const example& each : examples()) {
        INFO(each.name);
        const temporary_folder folder;
        const worn_disk disk(folder / "disk.vhd");

        const outcome ended = run(with(each.program, {disk.name()}));

        CHECK(ended.code == 0);
        CHECK_THAT(ended.output,
                   ContainsSubstring(disk.name() + ": done, " + std::to_string(disk.worn_size()) + " -> "
                                     + std::to_string(disk.file_size()) + " bytes\n"));
        CHECK(disk.file_size() < disk.worn_size());
        CHECK(disk.is_whole());
    }
}

TEST_CASE("the examples of the C API say what is wrong with a disk", "[examples][c_api]")
{
    for (const example& each : examples()) {
        INFO(each.name);
        const temporary_folder folder;
        const std::string missing = folder / "missing.vhd";

        const outcome ended = run(with(each.program, {missing}));

        CHECK(ended.code == 1);
        CHECK_THAT(ended.output, ContainsSubstring(missing + ": "));
        CHECK_THAT(ended.output, ContainsSubstring("there is no such file"));
    }
}

TEST_CASE("the examples of the C API stop on Ctrl-C", "[examples][c_api]")
{
    for (const example& each : examples()) {
        INFO(each.name);
        const temporary_folder folder;
        const worn_disk disk(folder / "disk.vhd");
        const brake brake;
        program held(brake.on(with(each.held, {disk.name()})));
        REQUIRE(held.says(disk.name() + ": 0 %")); // it watches for signals by now

        ::kill(held.id(), SIGINT);
        REQUIRE(held.says(disk.name() + ": interrupted, stopping\n"));
        brake.release();

        CHECK(held.wait() == 130);
        CHECK_THAT(held.heard(), ContainsSubstring(disk.name() + ": cancelled, the disk is whole\n"));
        CHECK(disk.is_whole());
    }
}

TEST_CASE("the examples of the C API stop when they are out of time", "[examples][c_api]")
{
    for (const example& each : examples()) {
        INFO(each.name);
        const temporary_folder folder;
        const worn_disk disk(folder / "disk.vhd");
        const brake brake;
        program held(brake.on(with(each.held, {"--limit", "0.1", disk.name()})));

        REQUIRE(held.says(disk.name() + ": out of time, stopping\n"));
        brake.release();

        CHECK(held.wait() == 1);
        CHECK_THAT(held.heard(), ContainsSubstring(disk.name() + ": cancelled, the disk is whole\n"));
        CHECK(disk.is_whole());
    }
}

TEST_CASE("the examples of the C API refuse bad usage", "[examples][c_api]")
{
    const std::vector<command> bad = {{}, {"--limit", "5"}, {"--limit", "x", "a"}, {"--other"}};
    for (const example& each : examples()) {
        for (const command& arguments : bad) {
            const outcome ended = run(with(each.program, arguments));
            CHECK(ended.code == 2);
            CHECK_THAT(ended.output, ContainsSubstring("usage: c_api"));
        }
    }
}
