// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/com_error.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>

namespace vmtask {
namespace virtual_server {

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
        const HRESULT result = other.QueryInterface(__uuidof(Interface), &object_);
        if (result != E_NOINTERFACE && other != nullptr) vmtask::virtual_server::check(result);
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

namespace vmtask {
namespace virtual_server {

/// What an [out, retval] parameter becomes as the result of a wrapper.
template <class Raw>
struct owner_of {
    using type = Raw;
    static type adopt(Raw value) noexcept { return value; }
};

template <>
struct owner_of<BSTR> {
    using type = _bstr_t;
    static type adopt(BSTR text) noexcept { return {text, false}; }
};

template <class Interface>
struct owner_of<Interface*> {
    using type = _com_ptr_t<Interface>;
    static type adopt(Interface* object) noexcept { return {object, false}; }
};

/// Reads a property, or throws _com_error.
template <class Interface, class Raw>
typename owner_of<Raw>::type fetch(Interface& object, HRESULT (Interface::*get)(Raw*))
{
    Raw value{};
    check((object.*get)(&value));
    return owner_of<Raw>::adopt(value);
}

/// Stands where the reference's compilers have a property: `task->ID` reads it.
template <class Interface, class Raw, HRESULT (Interface::*Get)(Raw*)>
class property {
public:
    property(Interface* object) noexcept : object_(object) {}
    // A copy would read it later, or be printed instead of the value.
    property(const property&) = delete;
    property& operator=(const property&) = delete;

    operator typename owner_of<Raw>::type() const { return fetch(*object_, Get); }

private:
    Interface* object_;
};

/// What all interfaces can be asked through `pointer->`.
template <class Interface>
class common_calls {
public:
    common_calls(Interface* object) noexcept : object_(object) {}
    common_calls(const common_calls&) = delete;
    common_calls& operator=(const common_calls&) = delete;

    HRESULT QueryInterface(REFIID iid, void** object) const { return object_->QueryInterface(iid, object); }
    ULONG AddRef() const { return object_->AddRef(); }
    ULONG Release() const { return object_->Release(); }

protected:
    ~common_calls() = default;

    Interface* object_;
};

/// What `pointer->` offers; specialised beside each interface that has more.
template <class Interface>
class calls : public common_calls<Interface> {
public:
    calls(Interface* object) noexcept : common_calls<Interface>(object) {}
    const calls* operator->() const noexcept { return this; }
};

} // namespace virtual_server
} // namespace vmtask

using IUnknownPtr = _com_ptr_t<IUnknown>;
