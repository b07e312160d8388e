// SPDX-License-Identifier: BSL-1.0

#include "task_object.hpp"

#include "error_codes.hpp"
#include "guarded_call.hpp"

#include <vmtask/error.hpp>

#include <chrono>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace vmtask::virtual_server {

namespace {

constexpr long no_limit = -1;
constexpr long longest_timeout = 4'000'000; // milliseconds

VARIANT_BOOL to_variant_bool(bool value) noexcept
{
    return value ? VARIANT_TRUE : VARIANT_FALSE;
}

/// What went wrong, in full.
std::string reason_of(const task_handle& task)
{
    if (!task.error()) return {};
    if (const std::exception_ptr thrown = task.exception()) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& failure) {
            return failure.what();
        } catch (...) { // NOLINT(bugprone-empty-catch): it says nothing of itself, but the code does
        }
    }
    return task.error().message();
}

} // namespace

task_object::task_object(task_handle task, std::shared_ptr<engine> where) noexcept
    : engine_(std::move(where)), task_(std::move(task))
{
}

HRESULT task_object::WaitForCompletion(long timeout)
{
    return guarded([&] {
        if (timeout < no_limit || timeout > longest_timeout)
            throw call_failure(E_POINTER, "the time-out is neither -1 nor 0 to 4,000,000 milliseconds");
        const wait_status status = timeout == no_limit ? task_.wait_for_completion()
                                                       : task_.wait_for_completion(std::chrono::milliseconds(timeout));
        if (status == wait_status::would_deadlock) throw std::system_error(errc::would_deadlock);
        if (status == wait_status::no_worker) throw std::system_error(errc::no_worker);
        return S_OK;
    });
}

HRESULT task_object::Cancel()
{
    return guarded([&] {
        if (const std::error_code refusal = task_.request_cancel()) throw call_failure(E_FAIL, refusal.message());
        return S_OK;
    });
}

HRESULT task_object::get_Description(BSTR* value)
{
    return guarded_get(value, [&] { return _bstr_t(task_.description().c_str()).Detach(); });
}

HRESULT task_object::get_ID(long* value)
{
    return guarded_get(value, [&] { return static_cast<long>(task_.id()); });
}

HRESULT task_object::get_IsCancelable(VARIANT_BOOL* value)
{
    return guarded_get(value, [&] { return to_variant_bool(task_.is_cancelable()); });
}

HRESULT task_object::get_IsComplete(VARIANT_BOOL* value)
{
    return guarded_get(value, [&] { return to_variant_bool(task_.is_complete()); });
}

HRESULT task_object::get_PercentCompleted(long* value)
{
    return guarded_get(value, [&] { return long{task_.percent_completed()}; });
}

HRESULT task_object::get_Result(VMTaskResult* value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = vmTaskResult_UnexpectedError;
        // Not by the error's code: a task may have failed with "not ended" itself.
        if (!task_.is_complete()) return E_PENDING;
        *value = to_task_result(task_.error());
        return S_OK;
    });
}

HRESULT task_object::get_Error(long* value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = E_PENDING;
        if (!task_.is_complete()) return E_PENDING;
        const std::error_code error = task_.error();
        *value = error ? to_hresult(error) : S_OK;
        return S_OK;
    });
}

HRESULT task_object::get_ErrorDescription(BSTR* value)
{
    return guarded([&] {
        if (value == nullptr) return E_POINTER;
        *value = nullptr;
        if (!task_.is_complete()) return E_PENDING;
        *value = _bstr_t(reason_of(task_).c_str()).Detach();
        return S_OK;
    });
}

IVMTaskPtr wrap_task(const task_handle& task)
{
    if (!task) throw _com_error(E_POINTER);
    return {new task_object(task, nullptr), false};
}

} // namespace vmtask::virtual_server
