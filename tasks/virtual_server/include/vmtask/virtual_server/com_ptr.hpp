// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/com_error.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>

namespace vmtask {
namespace virtual_server {

/// What `pointer->` offers; see calls.hpp.
template <class Interface>
class calls;

} // namespace virtual_server
} // namespace vmtask

/// Points to an object and holds one reference to it; may be null.
///
/// `pointer->` calls the interface in the manner of compiler-generated wrappers:
/// a failed call throws _com_error, an [out, retval] parameter is the result.
/// The plain interface pointer inside calls it in the manner of its header: each
/// call returns its HRESULT. A null pointer's `->` throws _com_error(E_POINTER).
///
/// Thread safety: as a plain pointer; the object has its own.
template <class Interface>
class _com_ptr_t {
public:
    _com_ptr_t() noexcept = default;
    _com_ptr_t(Interface* object) noexcept : object_(object) { add_reference(); }
    /// Takes the caller's reference over unless `add` says to add one.
    _com_ptr_t(Interface* object, bool add) noexcept : object_(object)
    {
        if (add) add_reference();
    }
    _com_ptr_t(const _com_ptr_t& other) noexcept : object_(other.object_) { add_reference(); }
    _com_ptr_t(_com_ptr_t&& other) noexcept : object_(other.Detach()) {}
    /// Asks the other object for this interface: null when it has none.
    template <class Other>
    _com_ptr_t(const _com_ptr_t<Other>& other)
    {
        ask(other.GetInterfacePtr());
    }
    template <class Other>
    _com_ptr_t(Other* other)
    {
        ask(other);
    }
    /// The same of the object in a VARIANT. DISP_E_TYPEMISMATCH when there is none.
    _com_ptr_t(const VARIANT& value)
    {
        if (value.vt != VT_UNKNOWN) throw _com_error(DISP_E_TYPEMISMATCH);
        ask(value.punkVal);
    }
    _com_ptr_t& operator=(_com_ptr_t other) noexcept
    {
        Interface* const mine = object_;
        object_ = other.object_;
        other.object_ = mine;
        return *this;
    }
    ~_com_ptr_t()
    {
        if (object_ != nullptr) object_->Release();
    }

    operator Interface*() const noexcept { return object_; }
    Interface* GetInterfacePtr() const noexcept { return object_; }

    /// The object through its plain interface.
    Interface& operator*() const { return *checked(); }

    vmtask::virtual_server::calls<Interface> operator->() const { return {checked()}; }

    /// Lets go of the object; the result is for a function that hands one out.
    Interface** operator&() noexcept
    {
        Attach(nullptr);
        return &object_;
    }

    /// Takes the caller's reference over, and lets go of what it had.
    void Attach(Interface* object) noexcept
    {
        if (object_ != nullptr) object_->Release();
        object_ = object;
    }

    /// Hands the object and its reference to the caller.
    Interface* Detach() noexcept
    {
        Interface* const object = object_;
        object_ = nullptr;
        return object;
    }

    void Release()
    {
        checked();
        Attach(nullptr);
    }
    void AddRef() { checked()->AddRef(); }

    /// The object's other interface, with a reference. E_POINTER when this is null.
    template <class Other>
    HRESULT QueryInterface(REFIID iid, Other** object) const
    {
        if (object_ == nullptr || object == nullptr) return E_POINTER;
        void* found = nullptr;
        const HRESULT result = object_->QueryInterface(iid, &found);
        *object = static_cast<Other*>(found);
        return result;
    }

private:
    void ask(IUnknown* other)
    {
        if (other == nullptr) return;
        void* found = nullptr;
        const HRESULT result = other->QueryInterface(__uuidof(Interface), &found);
        if (result != E_NOINTERFACE) vmtask::virtual_server::check(result);
        object_ = static_cast<Interface*>(found);
    }

    void add_reference() const noexcept
    {
        if (object_ != nullptr) object_->AddRef();
    }

    Interface* checked() const
    {
        if (object_ == nullptr) throw _com_error(E_POINTER);
        return object_;
    }

    Interface* object_ = nullptr;
};
