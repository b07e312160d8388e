// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pace.hpp"
#include "reporter.hpp"

#include <chrono>

namespace vmtask::cli {

/// Tells people: on a terminal with a bar that moves, elsewhere in plain lines
/// that come at most once a second.
class text_reporter final : public reporter {
public:
    /// Quiet: only what goes to `err`.
    text_reporter(output& out, output& err, bool quiet) noexcept;

    void progress(const progress_snapshot& now) override;
    void last_progress(const progress_snapshot& now) override;
    void remark(std::string_view event, const std::string& text) override;
    void item(std::string_view event, std::string_view text, const nlohmann::ordered_json& fields) override;
    void result(std::string_view text, const nlohmann::ordered_json& fields) override;
    void failure(exit_code code, const std::string& message) override;

private:
    [[nodiscard]] bool is_worth_a_line(const progress_snapshot& now, pace::clock::time_point time) const;
    void erase_bar();

    bool quiet_;
    bool on_terminal_;
    bool bar_shown_ = false;
    pace speed_;

    // The last plain line
    pace::clock::time_point told_at_{};
    int told_percent_ = -1;
    std::string told_step_;
};

} // namespace vmtask::cli
