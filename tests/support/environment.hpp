// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>

namespace vmtask::test {

/// The number that the environment variable has; `otherwise` when there is no
/// such variable. For how long a hunt is to be.
[[nodiscard]] inline unsigned long number_from_environment(const char* variable, unsigned long otherwise)
{
    const char* const text = std::getenv(variable);
    return text ? std::strtoul(text, nullptr, 10) : otherwise;
}

} // namespace vmtask::test
