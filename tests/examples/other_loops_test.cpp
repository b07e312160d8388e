// SPDX-License-Identifier: BSL-1.0
//
// The examples with a loop that is not the engine's: the program's own io_context, and
// those of other libraries, as far as these are installed.

#include "support/catch.hpp"
#include "support/vhd/program.hpp"

#include <regex>
#include <string>
#include <vector>

using namespace vmtask::test;

namespace {

const std::vector<std::string> programs = {
#ifdef EXAMPLE_glib_loop
    EXAMPLE_glib_loop,
#endif
#ifdef EXAMPLE_sd_event_loop
    EXAMPLE_sd_event_loop,
#endif
#ifdef EXAMPLE_boost_asio_loop
    EXAMPLE_boost_asio_loop,
#endif
};

} // namespace

TEST_CASE("coroutines and handlers run on the loop of the program", "[examples]")
{
    const outcome result = run({EXAMPLE_callers_loop});
    CHECK(result.code == 0);
    CHECK(result.output == "counting elsewhere\ndoubled here: 40\ntold here\n");
}

TEST_CASE("another library's loop learns of the end of a task", "[examples]")
{
    for (const std::string& program : programs) {
        const outcome counted = run({program, "20", "60000"});
        INFO(program << ": " << counted.output);
        CHECK(counted.code == 0);
        CHECK(counted.output == "counted to 20\n");
    }
}

TEST_CASE("another library's loop cancels a task that takes too long", "[examples]")
{
    for (const std::string& program : programs) {
        const outcome cancelled = run({program, "1000000", "5"});
        INFO(program << ": " << cancelled.output);
        CHECK(cancelled.code == 1);
        CHECK(std::regex_match(cancelled.output, std::regex("out of time at \\d %\nnot counted: .*\n")));
    }
}

TEST_CASE("examples of other loops say how they are used", "[examples]")
{
    for (const std::string& program : programs) CHECK(run({program}).code == 2);
}
