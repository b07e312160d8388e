// SPDX-License-Identifier: BSL-1.0
#include "harness/options.hpp"

#include <CLI/CLI.hpp>

#include <vector>

namespace vmtask::benchmark {

std::optional<int> read_options(const program& described, int argc, char** argv, options& read)
{
    CLI::App program(described.purpose, described.name);
    bool be_quick = false;
    bool be_tiny = false;
    std::size_t tasks = 0;
    std::vector<int> rows;
    auto* const rounds = program.add_option("--rounds", read.rounds, "How often everything is run");
    rounds->check(CLI::PositiveNumber)->default_str("7, with --quick 3");
    program.add_option("--row", rows, "Only these rows, as in --row 1,6")
        ->delimiter(',')
        ->check(CLI::Range(1, described.last_row));
    auto* const quick_flag = program.add_flag("--quick", be_quick, "A tenth of the work: a trend, not a result");
    program.add_flag("--smoke", be_tiny, "Next to no work: shows that it works")->excludes(quick_flag);
    program.add_option("--json", read.json_file, "Write all samples to this file, too");
    program.add_option("--revision", read.revision, "The revision of the sources, to be shown with the results");
    program.add_flag("--list", read.list, "Show the names for --run");
    program.add_option("--run", read.run, "Run this one alone in this process, for profilers");
    program.add_option("--tasks", tasks, "How many tasks a batch has")->check(CLI::PositiveNumber);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        return program.exit(end) == 0 ? 0 : 2;
    }
    if (be_quick) read.how_much = quick;
    if (be_tiny) read.how_much = smoke;
    if (tasks > 0) read.how_much.tasks = tasks;
    if (rounds->count() == 0 && (be_quick || be_tiny)) read.rounds = be_quick ? 3 : 1;
    read.rows.insert(rows.begin(), rows.end());
    return std::nullopt;
}

} // namespace vmtask::benchmark
