// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/c_api/status.h>
#include <vmtask/detail/forced_unwind.hpp>

#include <system_error>
#include <type_traits>
#include <utility>

namespace vmtask::c_api {

/// Thrown where a call is refused for what it was given. The text is constant.
struct refusal {
    vmtask_status status;
    const char* text;
};

/// Leaves the reason with the thread, and returns the status. Without a text it
/// is the status's own message.
vmtask_status fail(vmtask_status status, const char* text = nullptr, int system = 0) noexcept;

/// The same for the exception that is being handled.
vmtask_status fail_by_current_exception() noexcept;

/// Every function of the interface runs in this, so that no exception leaves it; but
/// a thread that ends inside, in code of the caller's, does.
/// The call returns a vmtask_status, or nothing where only exceptions tell.
template <class Call>
[[nodiscard]] vmtask_status guarded(Call&& call)
{
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Call>>) {
            std::forward<Call>(call)();
            return VMTASK_OK;
        } else {
            const vmtask_status status = std::forward<Call>(call)();
            return status == VMTASK_OK ? status : fail(status);
        }
    } catch (vmtask::detail::forced_unwind&) {
        throw;
    } catch (...) {
        return fail_by_current_exception();
    }
}

/// What the caller has to give; `text` says what is missing.
template <class Pointer>
Pointer require(Pointer given, const char* text)
{
    if (given == nullptr) throw refusal{VMTASK_E_INVALID_ARGUMENT, text};
    return given;
}

/// Where a handle is to go; null from now on if it does not get there.
template <class Handle>
void prepare(Handle** place, const char* text)
{
    *require(place, text) = nullptr;
}

} // namespace vmtask::c_api
