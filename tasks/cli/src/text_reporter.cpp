// SPDX-License-Identifier: BSL-1.0

#include "text_reporter.hpp"

#include "printable.hpp"
#include "progress_line.hpp"

#include <nlohmann/json.hpp>

namespace vmtask::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest_silence = 1s;
constexpr auto longest_silence = 10s;
constexpr int notable_percent = 10;

constexpr std::string_view erase_line = "\r\033[K";

int percent_of(const progress_snapshot& now)
{
    return static_cast<int>(now.fraction * 100);
}

} // namespace

text_reporter::text_reporter(output& out, output& err, bool quiet) noexcept
    : reporter(out, err), quiet_(quiet), on_terminal_(out.is_terminal())
{
}

void text_reporter::progress(const progress_snapshot& now)
{
    if (quiet_ || now.total == 0) return;
    const auto time = pace::clock::now();
    speed_.update(now.done, now.total, time);
    if (on_terminal_) {
        out().write_if_ready(std::string(erase_line) + progress_bar(now, speed_, out().width()));
        bar_shown_ = true;
    } else if (is_worth_a_line(now, time)) {
        out().write_if_ready(progress_line(now, speed_) + '\n');
        told_at_ = time;
        told_percent_ = percent_of(now);
        told_step_ = now.step;
    }
}

/// A log should show that the task lives, and not be long: after a day's work
/// it has ten thousand lines at most.
bool text_reporter::is_worth_a_line(const progress_snapshot& now, pace::clock::time_point time) const
{
    if (told_percent_ < 0) return true;
    const auto silence = time - told_at_;
    if (silence < shortest_silence) return false;
    return silence >= longest_silence || percent_of(now) >= told_percent_ + notable_percent || now.step != told_step_;
}

void text_reporter::last_progress(const progress_snapshot& now)
{
    if (quiet_ || now.total == 0) return;
    speed_.update(now.done, now.total, pace::clock::now());
    if (on_terminal_) {
        out().write(std::string(erase_line) + progress_bar(now, speed_, out().width()) + '\n');
        bar_shown_ = false;
    } else if (percent_of(now) != told_percent_) {
        out().write(progress_line(now, speed_) + '\n');
    }
}

void text_reporter::remark(std::string_view, const std::string& text)
{
    erase_bar();
    write_error_line(printable(text));
}

void text_reporter::item(std::string_view, std::string_view text, const nlohmann::ordered_json&)
{
    if (!quiet_) out().write(text);
}

void text_reporter::result(std::string_view text, const nlohmann::ordered_json&)
{
    if (!quiet_) out().write(text);
}

void text_reporter::failure(exit_code, const std::string& message)
{
    erase_bar();
    write_error_line(printable(message));
}

void text_reporter::erase_bar()
{
    if (!bar_shown_) return;
    out().write_if_ready(erase_line);
    bar_shown_ = false;
}

} // namespace vmtask::cli
