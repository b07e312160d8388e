// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/work_monitor.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace vmtask::test {

/// Remembers what work on a disk says of itself, and stops it where told.
class recording_monitor final : public vhd::work_monitor {
public:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    void report(std::uint64_t done_bytes, std::uint64_t total_bytes) override
    {
        fell_or_changed |= done_bytes < done || done_bytes > total_bytes || (total != 0 && total_bytes != total);
        done = done_bytes;
        total = total_bytes;
    }

    void step(std::string_view text) override { steps.emplace_back(text); }

    void checkpoint() override
    {
        if (!past_return && checkpoints++ >= stop_at_checkpoint) stop();
    }

    void point_of_no_return() override
    {
        if (stop_at_point_of_no_return) stop();
        past_return = true;
    }

    // What to do.
    std::uint64_t stop_at_checkpoint = never; // counted from 0
    bool stop_at_point_of_no_return = false;

    // What was heard.
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::uint64_t checkpoints = 0;
    bool fell_or_changed = false;
    bool past_return = false;
    std::vector<std::string> steps;

private:
    [[noreturn]] static void stop() { throw std::system_error(std::make_error_code(std::errc::operation_canceled)); }
};

} // namespace vmtask::test
