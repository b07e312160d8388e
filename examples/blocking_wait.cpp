// SPDX-License-Identifier: BSL-1.0
//
// Compacts a disk in the manner of code written for Virtual Server 2005: a
// thread blocks until the disk is compact or the time is up.
//
//     blocking_wait [--as-published] /FOLDER/DISK.vhd SECONDS
//
// The path is absolute, as in the reference.
//
// With --as-published it is done by the function that the reference has for an
// example, and which can only say that nothing was thrown. Else by one that
// checks what that one leaves unchecked.
//
// Exits 0 when the disk is compact (as published: or the time was up), 1 when it
// is not, 2 on bad usage, 3 when the time was up.

#include <VsComInterfaces.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace {

// The published function. Its page has lost the dots of `catch (...)`, which are
// back here, and of `throw(...)`, which only Microsoft's compiler takes and which
// says no more than to leave it out.

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

// What it leaves unchecked:
// - a time-out over 4000 seconds is refused by the wait, when the work has begun
//   and its only handle is about to be lost: so check it first;
// - S_OK from the wait says that the wait is over: ask whether the task is;
// - the task itself may have failed, which only its result tells.
VMTaskResult compact_and_check(IVMHardDiskPtr disk, long seconds, bool* timed_out)
{
    constexpr long longest = 4000;
    if (disk == nullptr || seconds < 1 || seconds > longest) throw _com_error(E_POINTER);

    IVMTaskPtr task = disk->Compact();
    task->WaitForCompletion(seconds * 1000);
    *timed_out = task->IsComplete == VARIANT_FALSE;
    if (*timed_out) {
        // It may be past the point where it can stop, or just ended: then there
        // is nothing to cancel. Either way it is soon over, and the disk whole.
        task->raw_Cancel();
        std::cerr << "the time is up, stopping\n";
        task->WaitForCompletion(-1);
    }
    return task->Result;
}

int compact(const IVMHardDiskPtr& disk, long seconds)
{
    bool timed_out = false;
    const VMTaskResult result = compact_and_check(disk, seconds, &timed_out);
    if (result == vmTaskResult_Success) {
        std::cout << "compacted\n";
        return 0;
    }
    if (timed_out && result == vmTaskResult_Cancelled) {
        std::cerr << "stopped; the disk is whole, run it again to go on\n";
        return 3;
    }
    std::cerr << "the task ended with result " << result << '\n';
    return 1;
}

int compact_as_published(const IVMHardDiskPtr& disk, long seconds)
{
    CompactWithTimeout(disk, seconds);
    std::cout << "nothing was thrown\n";
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    const bool as_published = argc > 1 && std::strcmp(argv[1], "--as-published") == 0;
    if (argc != (as_published ? 4 : 3)) {
        std::cerr << "usage: blocking_wait [--as-published] /FOLDER/DISK.vhd SECONDS\n";
        return 2;
    }
    const char* const path = argv[argc - 2];
    const long seconds = std::atol(argv[argc - 1]);
    try {
        // In the reference: CoInitialize, then CreateInstance.
        const IVMVirtualServerPtr server = vmtask::virtual_server::create_server();
        const IVMHardDiskPtr disk = server->GetHardDisk(path);
        return as_published ? compact_as_published(disk, seconds) : compact(disk, seconds);
    } catch (const _com_error& error) {
        const _bstr_t reason = error.Description();
        std::cerr << "cannot compact " << path << ": " << error.ErrorMessage();
        if (reason.length() > 0) std::cerr << " (" << static_cast<const char*>(reason) << ')';
        std::cerr << '\n';
        return 1;
    }
}
