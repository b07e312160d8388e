// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/hresult.hpp>

#include "error_codes.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

namespace vmtask::virtual_server {

/// A failure that has its HRESULT already; what() says it in full.
class call_failure : public std::runtime_error {
public:
    call_failure(HRESULT result, const std::string& text) : std::runtime_error(text), result_(result) {}
    [[nodiscard]] HRESULT result() const noexcept { return result_; }

private:
    HRESULT result_;
};

/// Why the last guarded call on this thread failed. An HRESULT has no room for
/// it; as in COM it is left with the thread for who wants to know.
void set_failure_text(const char* text) noexcept;

/// The same, once; empty when there is nothing to say.
[[nodiscard]] std::string take_failure_text() noexcept;

/// Every member of an interface runs in this, so that no exception leaves it.
template <class Call>
[[nodiscard]] HRESULT guarded(Call&& call) noexcept
{
    set_failure_text("");
    try {
        return call();
    } catch (const call_failure& failure) {
        set_failure_text(failure.what());
        return failure.result();
    } catch (const std::system_error& failure) {
        set_failure_text(failure.what());
        return to_hresult(failure.code());
    } catch (const std::exception& failure) {
        set_failure_text(failure.what());
        return DISP_E_EXCEPTION;
    } catch (...) {
        return DISP_E_EXCEPTION;
    }
}

/// A guarded call that fills an [out] parameter, which is never left undefined.
template <class Value, class Call>
[[nodiscard]] HRESULT guarded_get(Value* value, Call&& call) noexcept
{
    return guarded([&]() -> HRESULT {
        if (value == nullptr) return E_POINTER;
        *value = Value();
        *value = call();
        return S_OK;
    });
}

/// What a call answers that needs a hypervisor, or what only Windows has.
[[nodiscard]] inline HRESULT not_there() noexcept
{
    return guarded([] { return E_NOTIMPL; });
}

/// The same of one with an [out] parameter.
template <class Value>
[[nodiscard]] HRESULT not_there(Value** value) noexcept
{
    if (value == nullptr) return guarded([] { return E_POINTER; });
    *value = nullptr;
    return not_there();
}

} // namespace vmtask::virtual_server
