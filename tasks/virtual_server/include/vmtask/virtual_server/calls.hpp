// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/bstr.hpp>
#include <vmtask/virtual_server/com_error.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/unknown.hpp>
#include <vmtask/virtual_server/variant.hpp>

#include <type_traits>

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

template <>
struct owner_of<VARIANT> {
    using type = _variant_t;
    static type adopt(VARIANT& value) noexcept { return {value, false}; }
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
    /// An object as another of its interfaces, or null.
    template <class Other>
    operator _com_ptr_t<Other>() const
    {
        return fetch(*object_, Get);
    }

protected:
    Interface* object_;
};

/// The same for one that can be set: `disk->Parent = other` throws _com_error.
template <class Interface, class Raw, HRESULT (Interface::*Get)(Raw*), HRESULT (Interface::*Put)(Raw)>
class writable_property : public property<Interface, Raw, Get> {
public:
    using property<Interface, Raw, Get>::property;

    const writable_property& operator=(Raw value) const
    {
        check((this->object_->*Put)(value));
        return *this;
    }
};

/// The same for a VARIANT, which is also read as a number or a string.
template <class Interface, HRESULT (Interface::*Get)(VARIANT*)>
class property<Interface, VARIANT, Get> {
public:
    property(Interface* object) noexcept : object_(object) {}
    property(const property&) = delete;
    property& operator=(const property&) = delete;

    operator _variant_t() const { return fetch(*object_, Get); }
    operator _bstr_t() const { return fetch(*object_, Get); }
    template <class Number, class = typename std::enable_if<std::is_arithmetic<Number>::value>::type>
    operator Number() const
    {
        return fetch(*object_, Get);
    }

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
