// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask::test {

/// A task of a small world: two resources, one lane.
struct small_task {
    std::array<char, 2> claims{'.', '.'}; // of each resource: '.' nothing, 's' shared, 'x' exclusive
    bool in_lane = false;
    int whole = -1; // the earlier task that it is a part of; -1: none
    bool is_posted_inside = false;
    int after = -1; // the earlier task that it is to begin after; -1: none

    [[nodiscard]] bool operator==(const small_task&) const = default;
};

/// What happens in a small world.
enum class small_verb : char {
    post = 'p',   ///< The task is posted, by the test or by the body of its whole.
    end = 'e',    ///< Its body need not stay any longer.
    cancel = 'c', ///< It is asked to cancel.
    hold = 'h',   ///< It is paused.
    resume = 'r', ///< It goes on.
    wait = 'w',   ///< Its body waits for the end of another, without a limit.
};

struct small_event {
    small_verb verb;
    int task;
    int awaited = -1;

    [[nodiscard]] bool operator==(const small_event&) const = default;
};

/// A few tasks, and what happens to them, one after the other.
///
/// As text: the tasks, each by its two claims, then L for the lane, P0 for a
/// part of task 0 (P0i: posted by its body), A0 for after task 0; then the
/// events. Such as "x. L; .x P0i A0 | p0 p1 w01 e1 e0".
struct small_world {
    std::vector<small_task> tasks;
    std::vector<small_event> events;

    [[nodiscard]] bool operator==(const small_world&) const = default;

    /// Throws std::invalid_argument for what is none.
    [[nodiscard]] static small_world parse(std::string_view text);
    [[nodiscard]] std::string text() const;

    [[nodiscard]] bool has(small_verb verb) const;
    [[nodiscard]] bool has_parts() const;
    /// Each task has to do with another, and the world is not only another's with
    /// the names of the resources exchanged.
    [[nodiscard]] bool is_worth_walking() const;
};

/// Many worlds, each with a number; neighbours among them are much the same.
struct small_world_family {
    const char* name;
    std::uint64_t size;
    /// The world of that number; without tasks when it would not make sense.
    small_world (*make)(std::uint64_t number);
};

/// All worlds of three tasks in which nobody intervenes.
[[nodiscard]] small_world_family undisturbed_worlds();
/// The same with a cancel, a pause, or a blocking wait of a body at any point.
[[nodiscard]] small_world_family disturbed_worlds();
/// Four tasks, the last posted as a part by the first one's body; all are posted
/// before the first may end. Claims alone.
[[nodiscard]] small_world_family worlds_of_four();

/// The first `count` numbers of a walk through a family which spreads them
/// evenly, and goes on with others when `count` is higher.
template <class Visit>
void walk(const small_world_family& family, std::size_t count, Visit visit)
{
    constexpr std::uint64_t stride = 2'654'435'761; // a prime, and far from every round number
    std::uint64_t number = 0;
    for (std::uint64_t tried = 0; tried < family.size && count > 0; ++tried) {
        number = (number + stride) % family.size;
        const small_world world = family.make(number);
        if (!world.is_worth_walking()) continue;
        --count;
        if (!visit(world)) return;
    }
}

} // namespace vmtask::test
