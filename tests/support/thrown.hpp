// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <system_error>

namespace vmtask::test {

/// The code of the std::system_error that `act` throws; empty when it throws
/// none.
template <class Act>
[[nodiscard]] std::error_code code_thrown_by(Act act)
{
    try {
        act();
    } catch (const std::system_error& thrown) {
        return thrown.code();
    }
    return {};
}

/// The code of the std::system_error that a handler was given.
[[nodiscard]] inline std::error_code code_in(const std::exception_ptr& failure)
{
    return code_thrown_by([&] {
        if (failure) std::rethrow_exception(failure);
    });
}

} // namespace vmtask::test
