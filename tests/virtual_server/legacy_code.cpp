// SPDX-License-Identifier: BSL-1.0
//
// Code as it was written against the reference, in C++14.

#include <VsComInterfaces.h>

#include "legacy_code.hpp"

#include <cstddef>
#include <string>

#if __cplusplus >= 201703L && !defined(VMTASK_TEST_NEWER_STANDARDS)
#error "this file is here to be compiled as C++14"
#endif
#if defined(ASIO_VERSION) || defined(BOOST_ASIO_VERSION)
#error "the header must not need Asio"
#endif

// The function of Microsoft's page on IVMTask::WaitForCompletion. Where the page
// has lost an ellipsis there is one again, but for `throw(...)`: only Microsoft's
// compiler takes that, and it says no more than no specification at all.

// clang-format off
// NOLINTBEGIN(readability-identifier-naming, modernize-use-nullptr)
void CompactWithTimeout(IVMHardDiskPtr pIHD, long seconds)
{
  try
  {
    // Check calling arguments, do not allow an infinite wait
    if (pIHD == NULL || seconds < 1)
    { 
        throw _com_error(E_POINTER); 
    }
    else 
    {
      try
      {
        IVMTaskPtr pITask = pIHD->Compact();     // start HD compaction
        pITask->WaitForCompletion(seconds*1000); // IVMTask timeout is in mSec
      }
      catch (...) {throw;}
    }
  }
  // toss error back to caller
  catch (...) {throw;}
}
// NOLINTEND(readability-identifier-naming, modernize-use-nullptr)
// clang-format on

HRESULT compact_by_plain_interfaces(IVMHardDisk* disk, VMTaskResult* result)
{
    IVMTask* task = nullptr;
    HRESULT hr = disk->Compact(&task);
    if (FAILED(hr)) return hr;

    VARIANT_BOOL done = VARIANT_FALSE;
    while (SUCCEEDED(hr) && done != VARIANT_TRUE) {
        hr = task->WaitForCompletion(50);
        if (SUCCEEDED(hr)) hr = task->get_IsComplete(&done);
    }
    if (SUCCEEDED(hr)) hr = task->get_Result(result);
    task->Release();
    return hr;
}

HRESULT compact_by_mixed_calls(IVMHardDiskPtr disk, VMTaskResult* result)
{
    IVMTaskPtr task;
    HRESULT hr = disk->Compact(&task);
    if (FAILED(hr)) return hr;
    hr = task->raw_WaitForCompletion(-1);
    if (FAILED(hr)) return hr;
    return task->get_Result(result);
}

VMTaskResult compact_by_properties(const IVMVirtualServerPtr& server, const wchar_t* path, std::string* description)
{
    IVMHardDiskPtr disk = server->GetHardDisk(path);
    if (disk->File != path) throw _com_error(E_FAIL);

    IVMTaskPtr task = disk->Compact();
    while (!task->IsComplete) task->WaitForCompletion(50);
    if (task->IsCancelable == VARIANT_TRUE || task->IsComplete != VARIANT_TRUE) throw _com_error(E_FAIL);
    if (task->ID <= 0 || task->PercentCompleted != 100) throw _com_error(E_FAIL);

    const _bstr_t text = task->Description;
    *description = static_cast<const char*>(text);
    switch (task->Result) {
    case vmTaskResult_Success: return task->GetResult();
    default: throw _com_error(E_FAIL);
    }
}

std::string create_and_describe(const IVMVirtualServerPtr& server, const wchar_t* path, long megabytes)
{
    IVMTask2Ptr created = server->CreateDynamicVirtualHardDisk(path, megabytes);
    created->WaitForCompletion(60000);
    if (created->Error != S_OK) return static_cast<const char*>(created->GetErrorDescription());

    IVMHardDiskPtr disk = server->GetHardDisk(path);
    if (disk->Type != vmDiskType_Dynamic || disk->GetParent() != NULL) throw _com_error(E_FAIL); // NOLINT(*-nullptr)
    double size = disk->SizeInGuest;
    _variant_t on_host = disk->SizeOnHost;
    on_host.ChangeType(VT_R8);
    return std::to_string(static_cast<long>(size)) + (on_host.dblVal < size ? " bytes, sparse" : " bytes");
}

std::string list_tasks(const IVMVirtualServerPtr& server)
{
    std::string list;
    IVMTaskCollectionPtr tasks = server->Tasks;
    for (long i = 1; i <= tasks->Count; ++i) {
        const _bstr_t text = tasks->Item[i]->Description;
        list += std::to_string(i) + " " + static_cast<const char*>(text) + "\n";
    }
    IEnumVARIANTPtr all = tasks->_NewEnum;
    _variant_t value;
    long count = 0;
    for (ULONG taken = 0; all->Next(1, &value, &taken) == S_OK; value.Clear()) {
        IVMTaskPtr task = value;
        count += task->IsComplete == VARIANT_FALSE ? 0 : 1;
    }
    return list + std::to_string(count) + " ended\n";
}
