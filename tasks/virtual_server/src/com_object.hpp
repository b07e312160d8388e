// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/unknown.hpp>

#include <atomic>
#include <type_traits>

namespace vmtask::virtual_server {

/// The counting and asking that every object has whose interface is this one,
/// derived from those named besides.
template <class Interface, class... Bases>
class com_object : public Interface {
public:
    HRESULT QueryInterface(REFIID iid, void** object) final
    {
        if (object == nullptr) return E_POINTER;
        *object = nullptr;
        const bool is_mine = iid == IID_IUnknown || iid == interface_id<Interface>::value()
            || ((iid == interface_id<Bases>::value()) || ...);
        if (!is_mine) return E_NOINTERFACE;
        // One inheritance after the other, so that all of them are one pointer.
        *object = static_cast<Interface*>(this);
        AddRef();
        return S_OK;
    }

    ULONG AddRef() final { return references_.fetch_add(1, std::memory_order_relaxed) + 1; }

    ULONG Release() final
    {
        const ULONG left = references_.fetch_sub(1, std::memory_order_acq_rel) - 1;
        if (left == 0) delete this;
        return left;
    }

protected:
    static_assert((std::is_base_of_v<Bases, Interface> && ...));

    com_object() = default;
    virtual ~com_object() = default;

private:
    std::atomic<ULONG> references_{1};
};

} // namespace vmtask::virtual_server
