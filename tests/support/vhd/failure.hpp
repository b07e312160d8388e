// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>
#include <system_error>

namespace vmtask::test {

/// What a piece of code failed with; no code and no text if it did not.
struct failure {
    std::error_code code;
    std::string what;
};

template <class Code>
[[nodiscard]] failure failure_of(Code code)
{
    try {
        code();
    } catch (const std::system_error& error) {
        return {error.code(), error.what()};
    }
    return {};
}

} // namespace vmtask::test
