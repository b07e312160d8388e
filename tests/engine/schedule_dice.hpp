// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "schedule_oracle.hpp"

#include <array>
#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace vmtask::test {

inline constexpr std::array schedule_resources{"a", "b", "c"};

/// The luck of a random schedule. Thread safety: none; each thread has its own.
class schedule_dice {
public:
    explicit schedule_dice(unsigned seed) : random_(seed) {}

    [[nodiscard]] unsigned seed() { return static_cast<unsigned>(random_()); }
    [[nodiscard]] unsigned below(unsigned bound) { return seed() % bound; }
    [[nodiscard]] bool one_in(unsigned chances) { return below(chances) == 0; }

    [[nodiscard]] std::vector<resource_claim> claims()
    {
        std::vector<resource_claim> drawn;
        for (const char* name : schedule_resources)
            if (one_in(2)) drawn.push_back({name, one_in(2) ? claim_mode::shared : claim_mode::exclusive});
        return drawn;
    }
    [[nodiscard]] std::string lane() { return schedule_lanes[below(schedule_lanes.size())].name; }

    /// No time at all, or a little.
    [[nodiscard]] std::chrono::microseconds moment() { return std::chrono::microseconds(one_in(2) ? 0 : below(500)); }

private:
    std::mt19937 random_;
};

} // namespace vmtask::test
