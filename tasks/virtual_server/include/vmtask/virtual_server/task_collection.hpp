// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/virtual_server/calls.hpp>
#include <vmtask/virtual_server/com_ptr.hpp>
#include <vmtask/virtual_server/enum_variant.hpp>
#include <vmtask/virtual_server/hresult.hpp>
#include <vmtask/virtual_server/task.hpp>
#include <vmtask/virtual_server/unknown.hpp>

/// Our own: the reference's is not published.
constexpr IID IID_IVMTaskCollection = {0x8a6f02d1, 0xb34c, 0x47e5, {0x90, 0x1e, 0xf7, 0x5d, 0x13, 0xa8, 0xc2, 0x66}};

/// The tasks that there were when it was asked for, oldest first. It does not
/// change, so that one can count through it; and it keeps its tasks.
///
/// Several objects may stand for one task: compare their ID.
struct IVMTaskCollection : IUnknown {
    /// A new IEnumVARIANT at the first task. Its values are VT_UNKNOWN.
    /// Errors: E_POINTER for a null `value`.
    virtual HRESULT get__NewEnum(IUnknown** value) = 0;

    /// How many there are. Errors: E_POINTER for a null `value`.
    virtual HRESULT get_Count(long* value) = 0;

    /// The task of that index: 1 to the count.
    /// Errors: E_POINTER for a null `task`; DISP_E_BADINDEX for any other index.
    virtual HRESULT get_Item(long index, IVMTask** task) = 0;

protected:
    ~IVMTaskCollection() = default;
};

namespace vmtask {
namespace virtual_server {

template <>
struct interface_id<IVMTaskCollection> {
    static constexpr IID value() noexcept { return IID_IVMTaskCollection; }
};

/// What `IVMTaskCollectionPtr::operator->` offers.
template <>
class calls<IVMTaskCollection> : public common_calls<IVMTaskCollection> {
public:
    /// `tasks->Item[1]`.
    class items {
    public:
        items(IVMTaskCollection* tasks) noexcept : tasks_(tasks) {}
        items(const items&) = delete;
        items& operator=(const items&) = delete;

        IVMTaskPtr operator[](long index) const
        {
            IVMTask* task = nullptr;
            check(tasks_->get_Item(index, &task));
            return {task, false};
        }

    private:
        IVMTaskCollection* tasks_;
    };

    calls(IVMTaskCollection* tasks) noexcept : common_calls(tasks), _NewEnum(tasks), Count(tasks), Item(tasks) {}
    const calls* operator->() const noexcept { return this; }

    // These throw _com_error.
    IUnknownPtr Get_NewEnum() const { return _NewEnum; }
    long GetCount() const { return Count; }
    IVMTaskPtr GetItem(long index) const { return Item[index]; }

    // These return it.
    HRESULT get__NewEnum(IUnknown** value) const { return object_->get__NewEnum(value); }
    HRESULT get_Count(long* value) const { return object_->get_Count(value); }
    HRESULT get_Item(long index, IVMTask** task) const { return object_->get_Item(index, task); }

    // Read as values; reading throws _com_error.
    property<IVMTaskCollection, IUnknown*, &IVMTaskCollection::get__NewEnum> _NewEnum;
    property<IVMTaskCollection, long, &IVMTaskCollection::get_Count> Count;
    items Item;
};

} // namespace virtual_server
} // namespace vmtask

using IVMTaskCollectionPtr = _com_ptr_t<IVMTaskCollection>;
