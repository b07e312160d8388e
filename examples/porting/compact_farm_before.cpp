// SPDX-License-Identifier: BSL-1.0
//
// Compacts disks one after the other in the manner of programs for Virtual Server
// 2005, with their usual mistakes: what they are is said, by their numbers, in
// tasks/virtual_server/PORTING.md. compact_farm_after.cpp is the same without them.
//
//     compact_farm_before SECONDS /FOLDER/DISK.vhd...
//
// Exits 0 whatever happens, 2 on bad usage.

// clang-format off
// NOLINTBEGIN(readability-identifier-naming, modernize-*, cppcoreguidelines-*, cert-err34-c, performance-*)
#include <VsComInterfaces.h>

#include <stdio.h>
#include <stdlib.h>

// Compacts one disk and shows its progress, ten times until the time is up.
void CompactDisk(IVMVirtualServerPtr pServer, const char* pszPath, long seconds)
{
  IVMHardDiskPtr pDisk = pServer->GetHardDisk(pszPath);
  IVMTaskPtr pTask = pDisk->Compact();
  for (int i = 0; i < 10; i++)
  {
    pTask->WaitForCompletion(seconds * 1000 / 10);          // (1)
    printf("%s: %ld%%\n", pszPath, pTask->GetPercentCompleted());
    if (pTask->PercentCompleted == 100) break;              // (2)
  }
  if (pTask->PercentCompleted < 100) pTask->Cancel();       // (3)
  double size = pDisk->SizeOnHost;
  printf("%s: compacted, %.0f KB\n", pszPath, size / 1024); // (4)
}

int main(int argc, char* argv[])
{
  if (argc < 3)
  {
    printf("usage: compact_farm_before SECONDS /FOLDER/DISK.vhd...\n");
    return 2;
  }
  setbuf(stdout, NULL); // progress is to be seen at once
  // There, CoInitialize(NULL) came before, and instead of the second line
  // pServer.CreateInstance(__uuidof(VMVirtualServer)).
  IVMVirtualServerPtr pServer;
  pServer = vmtask::virtual_server::create_server();
  for (int i = 2; i < argc; i++)
  {
    try
    {
      CompactDisk(pServer, argv[i], atol(argv[1]));         // (5)
    }
    catch (_com_error& e)
    {
      printf("%s: %s\n", argv[i], e.ErrorMessage());        // (6)
    }
  }
  return 0;                                                 // (7)
}
// NOLINTEND(readability-identifier-naming, modernize-*, cppcoreguidelines-*, cert-err34-c, performance-*)
// clang-format on
