// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>

/// COM's own.
constexpr IID IID_IEnumVARIANT = {0x00020404, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};

/// A place in a row of values. Several threads may take from one; each value is
/// then taken once.
struct IEnumVARIANT : IUnknown {
    /// Takes the next `count` values and says in *taken how many it were; `taken`
    /// may be null when `count` is 1. The caller clears them.
    ///
    /// S_FALSE when there were fewer. Errors: E_POINTER for null pointers;
    /// E_OUTOFMEMORY or DISP_E_EXCEPTION, then nothing is taken.
    virtual HRESULT Next(ULONG count, VARIANT* values, ULONG* taken) = 0;

    /// Leaves out `count` values. S_FALSE when there were fewer.
    virtual HRESULT Skip(ULONG count) = 0;

    /// Begins again with the first.
    virtual HRESULT Reset() = 0;

    /// Another place, at the same value of the same row. Errors: E_POINTER.
    virtual HRESULT Clone(IEnumVARIANT** copy) = 0;

protected:
    ~IEnumVARIANT() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IEnumVARIANT> {
    static constexpr IID value() noexcept { return IID_IEnumVARIANT; }
};

/// What `IEnumVARIANTPtr::operator->` offers: S_FALSE counts, so these return it.
template <>
class calls<IEnumVARIANT> : public common_calls<IEnumVARIANT> {
public:
    calls(IEnumVARIANT* place) noexcept : common_calls(place) {}
    const calls* operator->() const noexcept { return this; }

    HRESULT Next(ULONG count, VARIANT* values, ULONG* taken) const { return object_->Next(count, values, taken); }
    HRESULT Skip(ULONG count) const { return object_->Skip(count); }
    HRESULT Reset() const { return object_->Reset(); }
    HRESULT Clone(IEnumVARIANT** copy) const { return object_->Clone(copy); }
};

} // namespace virtual_server
} // namespace vmtask

using IEnumVARIANTPtr = _com_ptr_t<IEnumVARIANT>;
