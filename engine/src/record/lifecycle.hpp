// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/error.hpp>
#include <vmtask/task_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace vmtask::detail {

/// What can be asked of a task from outside.
enum class verb : std::uint8_t { request_cancel, fetch_result, pause, resume, set_priority };

inline constexpr std::size_t state_count = 6;
inline constexpr std::size_t verb_count = 5;

/// Which state may follow which: a row is where a task is, a column where it
/// goes, both in the order of task_state.
inline constexpr std::array<std::array<bool, state_count>, state_count> successions{{
    // queued running paused succeeded failed cancelled
    {{false, true, false, false, true, true}},    // queued
    {{true, false, true, true, true, true}},      // running
    {{false, true, false, true, true, true}},     // paused: a task without a body may end there
    {{false, false, false, false, false, false}}, // succeeded
    {{false, false, false, false, false, false}}, // failed
    {{false, false, false, false, false, false}}, // cancelled
}};

/// What a verb says in each state; the zero code means that it is allowed.
inline constexpr std::array<std::array<errc, state_count>, verb_count> refusals{{
    // queued, running, paused, succeeded, failed, cancelled
    {{errc{}, errc{}, errc{}, errc::already_ended, errc::already_ended, errc::already_ended}}, // request_cancel
    {{errc::not_ended, errc::not_ended, errc::not_ended, errc{}, errc{}, errc{}}},             // fetch_result
    {{errc{}, errc{}, errc{}, errc::already_ended, errc::already_ended, errc::already_ended}}, // pause
    {{errc{}, errc{}, errc{}, errc::already_ended, errc::already_ended, errc::already_ended}}, // resume
    {{errc{}, errc::already_begun, errc::already_begun, errc::already_ended, errc::already_ended,
      errc::already_ended}}, // set_priority
}};

[[nodiscard]] constexpr bool can_follow(task_state from, task_state to) noexcept
{
    return successions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

[[nodiscard]] constexpr errc refusal_of(verb asked, task_state state) noexcept
{
    return refusals[static_cast<std::size_t>(asked)][static_cast<std::size_t>(state)];
}

} // namespace vmtask::detail
