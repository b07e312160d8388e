// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace vmtask::detail {

/// Sleeps while `word` holds `expected`; may also return for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

/// Wakes one thread that sleeps on the word at this address.
///
/// Only the address is used: the word may be gone. At worst a stranger wakes,
/// who looks at its own word and goes back to sleep. std::atomic::notify_one is
/// not promised to work like that.
void futex_wake_one(const std::atomic<std::uint32_t>* word) noexcept;

} // namespace vmtask::detail
