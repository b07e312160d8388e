// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/unknown.hpp>

#include <atomic>

namespace vmtask::virtual_server {

/// The counting and asking that every object with one interface has.
template <class Interface>
class com_object : public Interface {
public:
    HRESULT QueryInterface(REFIID iid, void** object) final
    {
        if (object == nullptr) return E_POINTER;
        *object = nullptr;
        if (iid != IID_IUnknown && iid != interface_id<Interface>::value()) return E_NOINTERFACE;
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
    com_object() = default;
    virtual ~com_object() = default;

private:
    std::atomic<ULONG> references_{1};
};

} // namespace vmtask::virtual_server
