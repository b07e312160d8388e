// SPDX-License-Identifier: BSL-1.0
//
// The programs of which the engine's README shows pieces.

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/program.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

/// The lines of a text, without indentation; empty ones left out.
std::string lines_of(std::istream& text)
{
    std::string lines;
    for (std::string line; std::getline(text, line);) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin != std::string::npos) lines += line.substr(begin) + '\n';
    }
    return lines;
}

std::string lines_of_file(const std::filesystem::path& path)
{
    std::ifstream file(path);
    REQUIRE(file);
    return lines_of(file);
}

/// All of the examples, one after the other.
std::string lines_of_examples()
{
    std::string lines;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SOURCE_FOLDER "/examples")) {
        if (entry.path().extension() == ".cpp") lines += lines_of_file(entry.path());
    }
    return lines;
}

/// The pieces of C++ in a README: its blocks, which are cut where a comment of
/// dots says that something is left out.
std::vector<std::string> pieces_of(const std::string& path)
{
    std::vector<std::string> pieces;
    std::istringstream lines(lines_of_file(path));
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        const bool fence = line.starts_with("```");
        if (fence || line == "// ...") {
            inside = fence ? line == "```cpp" : inside;
            if (inside) pieces.emplace_back();
        } else if (inside) {
            pieces.back() += line + '\n';
        }
    }
    return pieces;
}

} // namespace

TEST_CASE("what the engine's README shows is from the examples", "[examples][readme]")
{
    const std::string examples = lines_of_examples();
    const auto pieces = pieces_of(SOURCE_FOLDER "/engine/README.md");
    CHECK(pieces.size() >= 3);
    for (const std::string& piece : pieces) CHECK_THAT(examples, ContainsSubstring(piece));
}

TEST_CASE("the example of several tasks tells the first, and has them all", "[examples]")
{
    const outcome run_once = run({EXAMPLE_several_tasks});
    INFO(run_once.output);
    CHECK(run_once.code == 0);
    // On a busy machine it need not be the shortest.
    CHECK(std::regex_search(run_once.output, std::regex("the first to end is number [012]\n")));
    CHECK(std::regex_search(run_once.output, std::regex("told of number [012]\n")));
    for (const char* const result : {"900\n", "9\n", "400\n"}) CHECK_THAT(run_once.output, ContainsSubstring(result));
}

TEST_CASE("the example of a coroutine of its own adds up", "[examples]")
{
    const outcome run_once = run({EXAMPLE_own_coroutine});
    CHECK(run_once.code == 0);
    CHECK(run_once.output == "the sum is 42\n");
}

TEST_CASE("the example of steps shows what it does, how fast, and how long it still takes", "[examples]")
{
    const std::regex look("copying: \\d+ of \\d+ bytes, [\\d.e+]+ a second, \\d+ ms left");
    // A machine that is busy enough lets it look only when all is done.
    CHECK(eventually([&] {
        const outcome ended = run({EXAMPLE_progress_steps});
        INFO(ended.output);
        CHECK(ended.code == 0);
        CHECK_THAT(ended.output, ContainsSubstring("100 %\n"));
        return std::regex_search(ended.output, look);
    }));
}

TEST_CASE("the example of outside work pauses, stops, and names who does not", "[examples]")
{
    const outcome run_once = run({EXAMPLE_outside_work});
    CHECK(run_once.code == 0);
    CHECK(run_once.output == "check has paused\nbackup cancelled\ndeaf does not stop\n0 tasks left\n");
}

TEST_CASE("the example of events shows all that happens, and what has happened meanwhile", "[examples]")
{
    const outcome run_once = run({EXAMPLE_events});
    CHECK(run_once.code == 0);
    CHECK_THAT(run_once.output, StartsWith("compact a.vhd posted\n"));
    CHECK_THAT(run_once.output, ContainsSubstring("compact a.vhd began\n"));
    CHECK(std::regex_search(run_once.output, std::regex("compact a.vhd progressed to \\d+ %\n")));
    CHECK_THAT(run_once.output, ContainsSubstring("compact a.vhd ended: succeeded\n"));
    CHECK_THAT(run_once.output, ContainsSubstring("compact b.vhd ended: cancelled, the task was cancelled\n"));
    CHECK_THAT(run_once.output,
               EndsWith("-- while nobody reads --\ncheck c.vhd posted\ncheck c.vhd began\n"
                        "check c.vhd ended: failed, c.vhd: it is torn\n"));
}

TEST_CASE("the example of histories tells how each task came out", "[examples]")
{
    const outcome ended = run({EXAMPLE_task_history});

    CHECK(ended.code == 0);
    // The third may be cancelled, and say so, between the two.
    const std::size_t began = ended.output.find("log: compact of a.vhd began\n");
    REQUIRE(began != std::string::npos);
    CHECK(ended.output.find("log: compact of a.vhd succeeded\n", began) != std::string::npos);
    CHECK_THAT(ended.output,
               ContainsSubstring(
                   "1: compact of a.vhd for night shift: succeeded while looking for empty blocks, warning: 12 "));
    CHECK_THAT(ended.output,
               ContainsSubstring("2: merge of b.vhd for night shift: failed while copying blocks: cannot copy block 7, "
                                 "because of write: No space left on device\n"));
    CHECK_THAT(ended.output, ContainsSubstring("3: compact of c.vhd"));
    CHECK_THAT(ended.output, ContainsSubstring("vmtask_tasks_ended_total{engine=\"example\",state=\"failed\"} 1\n"));
}
