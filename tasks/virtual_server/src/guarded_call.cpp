// SPDX-License-Identifier: BSL-1.0

#include "guarded_call.hpp"

#include <utility>

namespace vmtask::virtual_server {

namespace {

thread_local std::string failure_text;

} // namespace

void set_failure_text(const char* text) noexcept
{
    try {
        failure_text = text;
    } catch (...) {
        failure_text.clear(); // short of memory, the HRESULT has to do
    }
}

std::string take_failure_text() noexcept
{
    return std::exchange(failure_text, std::string());
}

} // namespace vmtask::virtual_server
