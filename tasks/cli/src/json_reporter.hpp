// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pace.hpp"
#include "reporter.hpp"

#include <string>

namespace vmtask::cli {

/// Tells machines: one JSON object a line. Each has "event"; the last one is
/// "result" or "error". The README has them all.
class json_reporter final : public reporter {
public:
    /// Quiet: no progress and no remarks.
    json_reporter(output& out, output& err, bool quiet) noexcept : reporter(out, err), quiet_(quiet) {}

    void progress(const progress_snapshot& now) override;
    void last_progress(const progress_snapshot& now) override;
    void remark(std::string_view event, const std::string& text) override;
    void item(std::string_view event, std::string_view text, const nlohmann::ordered_json& fields) override;
    void result(std::string_view text, const nlohmann::ordered_json& fields) override;
    void failure(exit_code code, const std::string& message) override;

private:
    [[nodiscard]] std::string progress_object(const progress_snapshot& now);

    bool quiet_;
    bool told_any_ = false;
    pace speed_;
    pace::clock::time_point told_at_{};
    progress_snapshot told_;
};

} // namespace vmtask::cli
