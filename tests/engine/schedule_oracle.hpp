// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/resource.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vmtask::test {

/// The lanes of a random schedule, and how many tasks they let in at first.
struct schedule_lane {
    const char* name;
    std::size_t limit;
};
inline constexpr std::array schedule_lanes{schedule_lane{"one", 1}, schedule_lane{"two", 2}};

/// What a task of a random schedule was posted with, as far as others must
/// know it.
struct schedule_member {
    std::size_t number = 0;
    std::vector<resource_claim> claims;
    std::string lane;
    std::shared_ptr<const schedule_member> whole; // null for none
    // The id of the task for which its body waits; 0 for none.
    mutable std::atomic<std::uint64_t> awaits{0};

    [[nodiscard]] bool is_within(const schedule_member& other) const noexcept;
    /// The outermost of itself and its wholes that is in its lane: whose place
    /// it uses.
    [[nodiscard]] const schedule_member& place() const noexcept;
};

/// Watches the bodies of a random schedule, and notes what must not be.
///
/// Thread safety: all members may be called from any thread.
class schedule_oracle {
public:
    /// A body begins, and ends.
    void enter(const schedule_member& entering);
    void leave(const schedule_member& leaving);

    /// A lane's limit is about to be this; a higher one that it had may still
    /// show in the number of tasks.
    void expect_limit(const std::string& lane, std::size_t limit);

    void require(bool holds, const std::string& otherwise);

    [[nodiscard]] std::vector<std::string> findings() const;

private:
    struct lane_bound {
        std::size_t highest;
        bool is_bounded = true;
    };

    [[nodiscard]] static bool conflict(const schedule_member& left, const schedule_member& right);
    void check_lane_locked(const std::string& name);

    mutable std::mutex mutex_;
    // All guarded by mutex_.
    std::vector<const schedule_member*> present_;
    std::array<lane_bound, schedule_lanes.size()> bounds_{
        {{schedule_lanes[0].limit, true}, {schedule_lanes[1].limit, true}}};
    std::vector<std::string> findings_;
};

} // namespace vmtask::test
