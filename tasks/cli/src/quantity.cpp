// SPDX-License-Identifier: BSL-1.0

#include "quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <system_error>

namespace vmtask::cli {

namespace {

constexpr std::uint64_t sector_size = 512;

/// The power of 2 that a suffix stands for; 0 when there is none.
unsigned shift_of(std::string_view suffix)
{
    if (suffix.empty()) return 0;
    constexpr std::string_view letters = "KkMmGgTt";
    const auto place = suffix.size() == 1 ? letters.find(suffix.front()) : std::string_view::npos;
    if (place == std::string_view::npos)
        throw std::invalid_argument("is not a size: it takes digits, and K, M, G or T after them, as in 10G");
    return (static_cast<unsigned>(place) / 2 + 1) * 10;
}

std::string with_one_digit(double value, const char* unit)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f %s", value == std::floor(value) ? 0 : 1, value, unit);
    return text.data();
}

} // namespace

std::uint64_t parse_size(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) throw std::invalid_argument("is too large");
    if (error != std::errc()) return shift_of("?");

    const unsigned shift = shift_of({rest, static_cast<std::size_t>(text.data() + text.size() - rest)});
    if (number > std::numeric_limits<std::uint64_t>::max() >> shift) throw std::invalid_argument("is too large");
    if (number == 0) throw std::invalid_argument("must be more than 0");
    return number << shift;
}

std::uint64_t parse_disk_size(std::string_view text)
{
    const std::uint64_t bytes = parse_size(text);
    if (bytes % sector_size != 0) throw std::invalid_argument("must be a multiple of 512 bytes");
    return bytes;
}

std::string format_size(std::uint64_t bytes)
{
    if (bytes == 1) return "1 byte";
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    // What would be rounded to 1024 of a unit is 1 of the next.
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return with_one_digit(std::round(value * 10) / 10, units[unit]);
}

std::string format_duration(std::chrono::duration<double> time)
{
    constexpr double longest = 999 * 3600;
    const auto seconds = static_cast<unsigned>(std::clamp(time.count(), 0.0, longest));
    std::array<char, 32> text{};
    if (seconds < 3600) std::snprintf(text.data(), text.size(), "%u:%02u", seconds / 60, seconds % 60);
    else std::snprintf(text.data(), text.size(), "%u:%02u:%02u", seconds / 3600, seconds / 60 % 60, seconds % 60);
    return text.data();
}

std::string format_seconds(std::chrono::duration<double> time)
{
    return with_one_digit(std::round(time.count() * 10) / 10, "s");
}

} // namespace vmtask::cli
