// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/hresult.hpp>

#include <memory>

/// Here only for _com_error's constructor: there are no objects of this type.
struct IErrorInfo;

/// A failed HRESULT as an exception: what calls through smart pointers throw.
///
/// No std::exception, as in the reference: legacy code that catches both would
/// get it in the wrong handler.
class _com_error {
public:
    _com_error(HRESULT result, IErrorInfo* info = nullptr, bool add_reference = false) noexcept;
    /// With a description of this very failure.
    _com_error(HRESULT result, const _bstr_t& description);
    _com_error(const _com_error&) = default;
    _com_error& operator=(const _com_error&) = default;
    virtual ~_com_error();

    HRESULT Error() const noexcept { return result_; }

    /// What the code means in general, in English. Lives as long as this object.
    const char* ErrorMessage() const noexcept { return known_message_ != nullptr ? known_message_ : unknown_message_; }

    /// What went wrong this time: the file, the reason, what to do. May be empty.
    _bstr_t Description() const;

private:
    HRESULT result_;
    std::shared_ptr<const _bstr_t> description_; // shared: copying an exception must not fail
    const char* known_message_;
    char unknown_message_[32];
};

namespace vmtask {
namespace virtual_server {

/// Throws _com_error, with what the last failed call on this thread had to say.
[[noreturn]] void raise(HRESULT result);

/// Returns what does not say that a call failed; throws as raise() otherwise.
inline HRESULT check(HRESULT result)
{
    if (FAILED(result)) raise(result);
    return result;
}

} // namespace virtual_server
} // namespace vmtask
