// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <thread>

namespace vmtask::test {

/// Long enough for a loaded machine and a sanitizer. Only a failing test
/// spends it.
inline constexpr std::chrono::seconds patience{20};

/// Waits until `holds()` is true; false when patience ran out first. For what
/// has no event of its own to wait for.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate holds)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

} // namespace vmtask::test
