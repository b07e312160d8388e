// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/work_monitor.hpp>

namespace vmtask::vhd::detail {

/// For work that nobody watches or stops.
class silent_monitor final : public work_monitor {
public:
    void report(std::uint64_t, std::uint64_t) override {}
    void step(std::string_view) override {}
    void checkpoint() override {}
    void point_of_no_return() override {}
};

} // namespace vmtask::vhd::detail
