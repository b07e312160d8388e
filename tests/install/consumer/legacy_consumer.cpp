// SPDX-License-Identifier: BSL-1.0
//
// C++14, and knows no header but the one it was written against.
//
//     legacy_consumer DISK.vhd

#include <VsComInterfaces.h>

#include <cstdio>

int main(int argc, char** argv)
try {
    if (argc != 2) return 2;
    const IVMVirtualServerPtr server = vmtask::virtual_server::create_server();
    const IVMTaskPtr task = server->GetHardDisk(argv[1])->Compact();
    task->WaitForCompletion(60000);
    if (task->GetIsComplete() != VARIANT_TRUE || task->GetResult() != vmTaskResult_Success) {
        std::fprintf(stderr, "legacy_consumer: %s is not compact\n", argv[1]);
        return 1;
    }
    return 0;
} catch (const _com_error& failure) {
    std::fprintf(stderr, "legacy_consumer: %s\n", failure.ErrorMessage());
    return 1;
}
