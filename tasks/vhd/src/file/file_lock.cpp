// SPDX-License-Identifier: BSL-1.0

// QEMU states what it does with an image, and what it tolerates from others, by
// shared locks on single bytes of the file; the bytes need not exist. Of each
// permission i, a lock on byte 100 + i says "I use it" and one on byte 200 + i
// "nobody else may". It sets its own locks first and then looks for others that
// conflict, so of two at a time at least one finds the other.
//
// Two of us at a time should not both give up, so between us it is decided by a
// byte of our own, which QEMU does not know.

#include "file/file_lock.hpp"

#include "core/fail.hpp"

#include <cerrno>
#include <fcntl.h>

namespace vmtask::vhd::detail {

namespace {

enum permission : off_t {
    consistent_read = 0,
    write = 1,
    resize = 3,
};

constexpr off_t uses = 100;
constexpr off_t refuses = 200;
constexpr off_t permissions = 4;
constexpr off_t our_own = 300;

class locker {
public:
    locker(int descriptor, std::string_view name) : descriptor_(descriptor), name_(name) {}

    void set(short type, off_t first, off_t count = 1) const { (void)control(F_OFD_SETLK, type, first, count); }

    void refuse_if_locked(off_t first, off_t count = 1) const
    {
        if (control(F_OFD_GETLK, F_WRLCK, first, count).l_type != F_UNLCK) fail(name_, errc::in_use);
    }

private:
    [[nodiscard]] struct flock control(int command, short type, off_t first, off_t count) const
    {
        struct flock lock {};
        lock.l_type = type;
        lock.l_whence = SEEK_SET;
        lock.l_start = first;
        lock.l_len = count;
        if (::fcntl(descriptor_, command, &lock) == 0) return lock;
        fail(name_, errno == EAGAIN || errno == EACCES ? errc::in_use : errc::no_locks);
    }

    int descriptor_;
    std::string_view name_;
};

} // namespace

void lock_file(int descriptor, file_access access, std::string_view name)
{
    const locker file(descriptor, name);
    if (access == file_access::write) {
        file.set(F_WRLCK, our_own);
        file.set(F_RDLCK, uses, permissions);
        file.set(F_RDLCK, refuses, permissions);
        file.refuse_if_locked(uses, permissions);
        file.refuse_if_locked(refuses, permissions);
    } else {
        file.set(F_RDLCK, our_own);
        file.set(F_RDLCK, uses + consistent_read);
        file.set(F_RDLCK, refuses + write);
        file.set(F_RDLCK, refuses + resize);
        file.refuse_if_locked(refuses + consistent_read);
        file.refuse_if_locked(uses + write);
        file.refuse_if_locked(uses + resize);
    }
}

} // namespace vmtask::vhd::detail
