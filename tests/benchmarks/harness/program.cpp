// SPDX-License-Identifier: BSL-1.0
#include "harness/program.hpp"

#include "harness/machine.hpp"
#include "harness/options.hpp"
#include "harness/report.hpp"
#include "harness/runner.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>

namespace vmtask::benchmark {
namespace {

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

} // namespace

int run_program(const program& described, int argc, char** argv)
{
    try {
        options given;
        if (const auto exit_code = read_options(described, argc, argv, given)) return *exit_code;
        const plan all = described.rows(given.how_much);
        if (given.list) return list(all);
        if (!given.run.empty()) return run_alone(all, given);
        return compare_and_report(all, given);
    } catch (const std::exception& failure) {
        std::cerr << "error: " << failure.what() << '\n';
        return 1;
    }
}

} // namespace vmtask::benchmark
