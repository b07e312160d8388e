// SPDX-License-Identifier: BSL-1.0
#include "harness/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ostream>

namespace vmtask::benchmark {
namespace {

using cells = std::array<std::string, 10>;

const cells heads{"#", "measure", "unit", "ours", "beside", "its", "ratio", "half of rounds", "target", "met"};

/// Three digits that count, and no exponent.
std::string show(double value)
{
    const double size = std::abs(value);
    int decimals = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    if (size > 0 && size < 0.1) decimals = 4;
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

cells row_of(const verdict& shown)
{
    cells row;
    row[0] = std::to_string(shown.asked.row);
    row[1] = shown.asked.measure;
    row[2] = shown.asked.unit;
    row[4] = shown.peer_label;
    row[8] = "<= " + show(shown.asked.target) + (shown.asked.is_about_ratio() ? "" : ' ' + shown.asked.unit);
    row[9] = shown.is_measured() ? (shown.met ? "yes" : "NO") : shown.unmeasured;
    if (!shown.ours.empty()) row[3] = show(median(shown.ours));
    if (!shown.peers.empty()) row[5] = show(median(shown.peers));
    if (shown.ratio_to_peer) {
        row[6] = show(shown.ratio_to_peer->of_medians);
        row[7] = show(shown.ratio_to_peer->low) + " to " + show(shown.ratio_to_peer->high);
    }
    return row;
}

void print_row(std::ostream& out, const cells& row, const std::array<std::size_t, 10>& widths, char filler = ' ')
{
    for (std::size_t column = 0; column < row.size(); ++column) {
        out << '|' << filler << row[column] << std::string(widths[column] - row[column].size() + 1, filler);
    }
    out << "|\n";
}

void print_rows(std::ostream& out, const std::vector<cells>& rows)
{
    std::array<std::size_t, 10> widths{};
    for (const cells& row : rows) {
        for (std::size_t column = 0; column < row.size(); ++column)
            widths[column] = std::max(widths[column], row[column].size());
    }
    for (std::size_t index = 0; index < rows.size(); ++index) {
        print_row(out, rows[index], widths);
        if (index == 0) print_row(out, cells{}, widths, '-');
    }
}

} // namespace

void print_table(std::ostream& out, const report& told)
{
    for (const auto& [name, value] : told.surroundings) out << "- " << name << ": " << value << '\n';
    out << "- rounds: " << told.rounds << "\n\n";

    std::vector<cells> rows{heads};
    for (const verdict& shown : told.verdicts) rows.push_back(row_of(shown));
    print_rows(out, rows);
}

} // namespace vmtask::benchmark
