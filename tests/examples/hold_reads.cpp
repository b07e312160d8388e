// SPDX-License-Identifier: BSL-1.0
//
// Linked to an example, in place of the system's function: holds it in its first
// read of a block until the test lets it go, so that a time-out, a cancel or a
// signal finds it at work.
//
//     VMTASK_TEST_BRAKE   the number of an inherited socket: a byte goes out when
//                         the program is held, a byte comes in to release it

#include <cstdlib>
#include <mutex>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

// Headers, bitmaps and small tables are shorter, blocks are longer.
constexpr size_t large = 4096;

void wait_for_release()
{
    const char* const brake = std::getenv("VMTASK_TEST_BRAKE");
    if (brake == nullptr) return;
    const int socket = std::atoi(brake);
    char byte = 0;
    if (write(socket, &byte, 1) != 1 || read(socket, &byte, 1) != 1) std::abort();
}

} // namespace

extern "C" ssize_t pread(int descriptor, void* into, size_t count, off_t offset)
{
    static std::once_flag released;
    if (count > large) std::call_once(released, wait_for_release);
    return syscall(SYS_pread64, descriptor, into, count, offset);
}
