// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/hresult.hpp>

#include <cstdint>

/// Names an interface, for QueryInterface.
struct GUID {
    std::uint32_t Data1;
    std::uint16_t Data2;
    std::uint16_t Data3;
    std::uint8_t Data4[8];
};

using IID = GUID;
using REFIID = const IID&;

constexpr bool operator==(const GUID& left, const GUID& right) noexcept
{
    if (left.Data1 != right.Data1 || left.Data2 != right.Data2 || left.Data3 != right.Data3) return false;
    for (int i = 0; i < 8; ++i)
        if (left.Data4[i] != right.Data4[i]) return false;
    return true;
}

constexpr bool operator!=(const GUID& left, const GUID& right) noexcept
{
    return !(left == right);
}

constexpr IID IID_IUnknown = {0x00000000, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};

/// What all interfaces have: references are counted, and an object can be asked
/// for its other interfaces.
///
/// Thread safety: the objects behind the interfaces of this library may be used
/// from several threads at once.
struct IUnknown {
    IUnknown(const IUnknown&) = delete;
    IUnknown& operator=(const IUnknown&) = delete;

    /// Sets *object to the interface named `iid`, with a reference that the
    /// caller has to release. Errors: E_POINTER for a null `object`;
    /// E_NOINTERFACE, with *object null, when the object has no such interface.
    virtual HRESULT QueryInterface(REFIID iid, void** object) = 0;

    /// Counts one more reference; returns how many there are.
    virtual ULONG AddRef() = 0;

    /// Counts one less, and destroys the object with the last; returns how many
    /// are left.
    virtual ULONG Release() = 0;

protected:
    IUnknown() = default;
    ~IUnknown() = default;
};

namespace vmtask {
namespace virtual_server {

/// The name of an interface; specialised beside each.
template <class Interface>
struct interface_id;

template <>
struct interface_id<IUnknown> {
    static constexpr IID value() noexcept { return IID_IUnknown; }
};

} // namespace virtual_server
} // namespace vmtask

/// The name of an interface, for its type: __uuidof(IVMTask).
#ifndef __uuidof
#define __uuidof(Interface) (::vmtask::virtual_server::interface_id<Interface>::value())
#endif
