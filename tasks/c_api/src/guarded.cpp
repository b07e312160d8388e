// SPDX-License-Identifier: BSL-1.0

#include "guarded.hpp"

#include "codes.hpp"

#include <exception>
#include <new>
#include <string>

namespace vmtask::c_api {

namespace {

struct failure {
    std::string text;
    const char* constant_text = ""; // used unless null
    int system = 0;
};

thread_local failure last;

} // namespace

vmtask_status fail(vmtask_status status, const char* text, int system) noexcept
{
    last.system = system;
    last.constant_text = message_of(status);
    if (text == nullptr) return status;
    try {
        last.text = text;
        last.constant_text = nullptr;
    } catch (...) {
        // Short of memory, the general message has to do.
        return status;
    }
    return status;
}

vmtask_status fail_by_current_exception() noexcept
{
    try {
        throw;
    } catch (const refusal& refused) {
        return fail(refused.status, refused.text);
    } catch (const std::system_error& error) {
        return fail(status_of(error.code()), error.what(), system_error_of(error.code()));
    } catch (const std::bad_alloc&) {
        return fail(VMTASK_E_NO_MEMORY);
    } catch (const std::exception& error) {
        return fail(VMTASK_E_INTERNAL, error.what());
    } catch (...) {
        return fail(VMTASK_E_INTERNAL);
    }
}

} // namespace vmtask::c_api

const char* vmtask_last_error_message(void)
{
    using vmtask::c_api::last;
    return last.constant_text != nullptr ? last.constant_text : last.text.c_str();
}

int32_t vmtask_last_error_system(void)
{
    return vmtask::c_api::last.system;
}
