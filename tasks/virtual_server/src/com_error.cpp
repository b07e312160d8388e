// SPDX-License-Identifier: BSL-1.0

#include <vmtask/virtual_server/com_error.hpp>

#include "error_codes.hpp"
#include "guarded_call.hpp"

#include <cstdint>
#include <cstdio>
#include <string>

_com_error::_com_error(HRESULT result, IErrorInfo* /*info*/, bool /*add_reference*/) noexcept
    : result_(result), known_message_(vmtask::virtual_server::message_of(result)), unknown_message_()
{
    std::snprintf(unknown_message_, sizeof unknown_message_, "Unknown error 0x%08X",
                  static_cast<std::uint32_t>(result));
}

_com_error::_com_error(HRESULT result, const _bstr_t& description) : _com_error(result)
{
    description_ = std::make_shared<const _bstr_t>(description);
}

_com_error::~_com_error() = default;

_bstr_t _com_error::Description() const
{
    return description_ ? *description_ : _bstr_t();
}

void vmtask::virtual_server::raise(HRESULT result)
{
    const std::string text = take_failure_text();
    if (text.empty()) throw _com_error(result);
    throw _com_error(result, _bstr_t(text.c_str()));
}
