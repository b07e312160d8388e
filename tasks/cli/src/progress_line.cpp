// SPDX-License-Identifier: BSL-1.0

#include "progress_line.hpp"

#include "printable.hpp"
#include "quantity.hpp"

#include <algorithm>
#include <cstdint>

namespace vmtask::cli {

namespace {

constexpr std::size_t longest_bar = 40;
constexpr std::size_t shortest_bar = 10;

std::string amount_of(const progress_snapshot& now, std::uint64_t units)
{
    return now.unit == "bytes" ? format_size(units) : std::to_string(units) + ' ' + now.unit;
}

} // namespace

std::string progress_line(const progress_snapshot& now, const pace& speed)
{
    const int percent = static_cast<int>(now.fraction * 100);
    std::string line = std::to_string(percent) + " %";
    line.insert(0, line.size() < 5 ? 5 - line.size() : 0, ' ');
    if (now.total != 0) line += "  " + amount_of(now, now.done) + " of " + amount_of(now, now.total);
    if (const auto rate = speed.rate()) line += ", " + amount_of(now, static_cast<std::uint64_t>(*rate)) + "/s";
    if (const auto left = speed.time_left()) line += ", " + format_duration(*left) + " left";
    if (!now.step.empty()) line += ": " + printable(now.step);
    return line;
}

std::string progress_bar(const progress_snapshot& now, const pace& speed, std::size_t width)
{
    const std::size_t room = width - std::min<std::size_t>(width, 1);
    std::string text = progress_line(now, speed);
    // Its length depends on the width alone, so that it stands still.
    const std::size_t length = std::min(longest_bar, room / 5);
    if (length >= shortest_bar) {
        const auto full = static_cast<std::size_t>(std::clamp(now.fraction, 0.0, 1.0) * static_cast<double>(length));
        text = '[' + std::string(full, '#') + std::string(length - full, '-') + "] " + text;
    }
    text.resize(std::min(text.size(), room));
    return text;
}

} // namespace vmtask::cli
