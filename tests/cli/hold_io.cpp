// SPDX-License-Identifier: BSL-1.0
//
// A library to preload: holds a program inside one system call on its disk until
// the test lets it go, so that a signal or a time-out finds it there.
//
//     VMTASK_HOLD_FIFO   where to wait: until somebody has opened it for writing
//                        and closed it again
//     VMTASK_HOLD_READ   hold the first large read at or beyond that offset
//     VMTASK_HOLD_CUT    hold before the file is cut, if this is set
//     VMTASK_HOLD_CHANGE hold before the change of files of that number, from 0

#include <atomic>
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

// Footers, headers and small tables are shorter than this, blocks are longer.
constexpr size_t large = 4096;

void hold()
{
    static std::atomic<bool> held{false};
    if (held.exchange(true)) return;
    const int fifo = open(std::getenv("VMTASK_HOLD_FIFO"), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    while (read(fifo, &byte, 1) > 0) {
    }
    close(fifo);
}

/// Called before each change of a file or its name.
void hold_at_change()
{
    static std::atomic<long> changes{0};
    const char* const number = std::getenv("VMTASK_HOLD_CHANGE");
    if (number != nullptr && changes++ == std::atol(number)) hold();
}

template <class Function>
Function* next(const char* name)
{
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" ssize_t pread(int descriptor, void* into, size_t count, off_t offset)
{
    const char* const from = std::getenv("VMTASK_HOLD_READ");
    if (from != nullptr && count >= large && offset >= std::atoll(from)) hold();
    return next<ssize_t(int, void*, size_t, off_t)>("pread")(descriptor, into, count, offset);
}

extern "C" int ftruncate(int descriptor, off_t length) noexcept
{
    if (std::getenv("VMTASK_HOLD_CUT") != nullptr) hold();
    hold_at_change();
    return next<int(int, off_t)>("ftruncate")(descriptor, length);
}

extern "C" ssize_t pwrite(int descriptor, const void* from, size_t count, off_t offset)
{
    hold_at_change();
    return next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(descriptor, from, count, offset);
}

extern "C" int fsync(int descriptor)
{
    hold_at_change();
    return next<int(int)>("fsync")(descriptor);
}

extern "C" int fdatasync(int descriptor)
{
    hold_at_change();
    return next<int(int)>("fdatasync")(descriptor);
}

extern "C" int unlink(const char* path) noexcept
{
    hold_at_change();
    return next<int(const char*)>("unlink")(path);
}

extern "C" int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    hold_at_change();
    return next<int(int, int, off_t, off_t)>("fallocate")(descriptor, mode, offset, length);
}

extern "C" int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept
{
    hold_at_change();
    return next<int(int, const char*, int, const char*, int)>("linkat")(from_folder, from, to_folder, to, flags);
}
