// SPDX-License-Identifier: BSL-1.0
//
// What a task costs, beside what its peers cost. See README.md.
//
// Exits 0 when everything was run, whatever came out; 1 when something could
// not be run to its end; 2 on bad usage.

#include "harness/machine.hpp"
#include "harness/options.hpp"
#include "harness/report.hpp"
#include "harness/runner.hpp"
#include "rows/rows.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>

namespace vmtask::benchmark {
namespace {

constexpr int row_of_claims = 17;

int list(const plan& all)
{
    for (const group& listed : all) {
        for (const contender& one : listed.contenders) std::cout << one.id << '\n';
    }
    return 0;
}

int run_alone(const plan& all, const options& given)
{
    for (const group& searched : all) {
        for (const contender& one : searched.contenders) {
            if (one.id != given.run) continue;
            for (const auto& [name, value] : one.run(given.how_much)) std::cout << name << ' ' << value << '\n';
            return 0;
        }
    }
    std::cerr << "there is no '" << given.run << "'; --list shows what there is\n";
    return 2;
}

report compare_all(const plan& selected, const options& given)
{
    report told;
    told.surroundings = describe_surroundings();
    if (!given.revision.empty()) told.surroundings.emplace_back("revision", given.revision);
    told.rounds = given.rounds;
    told.verdicts = judge(selected, run_rounds(selected, given.how_much, given.rounds));
    if (given.rows.empty() || given.rows.contains(row_of_claims))
        told.missing.emplace_back(row_of_claims, "needs claims, not there yet");
    return told;
}

int compare_and_report(const plan& all, const options& given)
{
    // Opened first: an hour's results should not end in a bad path.
    std::ofstream json;
    if (!given.json_file.empty()) {
        json.open(given.json_file);
        if (!json) {
            std::cerr << "cannot write " << given.json_file << '\n';
            return 2;
        }
    }
    const report told = compare_all(select(all, given.rows), given);
    print_table(std::cout, told);
    if (json.is_open()) write_json(json, told);
    return std::any_of(told.verdicts.begin(), told.verdicts.end(), [](const verdict& one) { return one.failed; });
}

int run_program(int argc, char** argv)
{
    options given;
    if (const auto exit_code = read_options(argc, argv, given)) return *exit_code;
    const plan all = all_rows(given.how_much);
    if (given.list) return list(all);
    if (!given.run.empty()) return run_alone(all, given);
    return compare_and_report(all, given);
}

} // namespace
} // namespace vmtask::benchmark

int main(int argc, char** argv)
{
    try {
        return vmtask::benchmark::run_program(argc, argv);
    } catch (const std::exception& failure) {
        std::cerr << "error: " << failure.what() << '\n';
        return 1;
    }
}
