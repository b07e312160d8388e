// SPDX-License-Identifier: BSL-1.0

#include "json_reporter.hpp"

#include "printable.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>

namespace vmtask::cli {

namespace {

using namespace std::chrono_literals;
using json = nlohmann::ordered_json;

constexpr auto shortest_silence = 250ms;

/// File names are bytes, JSON is UTF-8: what is not becomes U+FFFD.
std::string line_of(const json& object)
{
    return object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

/// Rounded down: 100 % is said only when it is reached.
double with_one_digit(double value)
{
    return std::floor(value * 10) / 10;
}

bool says_the_same(const progress_snapshot& left, const progress_snapshot& right)
{
    return left.done == right.done && left.total == right.total && left.step == right.step
        && with_one_digit(left.fraction * 100) == with_one_digit(right.fraction * 100);
}

} // namespace

std::string json_reporter::progress_object(const progress_snapshot& now)
{
    json object{{"event", "progress"}, {"percent", with_one_digit(now.fraction * 100)},
                {"done", now.done},    {"total", now.total},
                {"unit", now.unit},    {"step", now.step}};
    if (const auto rate = speed_.rate()) object["rate"] = static_cast<std::uint64_t>(*rate);
    if (const auto left = speed_.time_left()) object["seconds_left"] = with_one_digit(left->count());
    told_ = now;
    told_any_ = true;
    return line_of(object);
}

void json_reporter::progress(const progress_snapshot& now)
{
    if (quiet_) return;
    const auto time = pace::clock::now();
    speed_.update(now.done, now.total, time);
    if (told_any_ && (time - told_at_ < shortest_silence || says_the_same(now, told_))) return;
    told_at_ = time;
    out().write_if_ready(progress_object(now));
}

void json_reporter::last_progress(const progress_snapshot& now)
{
    if (quiet_) return;
    speed_.update(now.done, now.total, pace::clock::now());
    if (!told_any_ || !says_the_same(now, told_)) out().write(progress_object(now));
}

void json_reporter::remark(std::string_view event, const std::string& text)
{
    write_error_line(printable(text));
    if (!quiet_) out().write_if_ready(line_of(json{{"event", event}, {"message", text}}));
}

void json_reporter::item(std::string_view event, std::string_view, const json& fields)
{
    json object{{"event", event}};
    object.update(fields);
    out().write(line_of(object));
}

void json_reporter::result(std::string_view, const json& fields)
{
    json object{{"event", "result"}};
    object.update(fields);
    out().write(line_of(object));
}

void json_reporter::failure(exit_code code, const std::string& message)
{
    write_error_line(printable(message));
    const json object{
        {"event", "error"}, {"reason", to_string(code)}, {"exit_code", static_cast<int>(code)}, {"message", message}};
    out().write(line_of(object));
}

} // namespace vmtask::cli
