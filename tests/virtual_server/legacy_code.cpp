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
