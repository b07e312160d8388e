// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>

namespace vmtask::detail {

/// Threads that are started while it lives block all signals but those that a
/// thread causes itself: a signal sent to the process is for the program's own
/// threads, which may have blocked it to read it from a signalfd.
class signal_shield {
public:
    signal_shield() noexcept
    {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&blocked, own);
        pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    }
    ~signal_shield() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signal_shield(const signal_shield&) = delete;
    signal_shield& operator=(const signal_shield&) = delete;

private:
    sigset_t before_;
};

} // namespace vmtask::detail
