// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <csignal>
#include <cstdint>
#include <sys/resource.h>

namespace vmtask::test {

/// Lets this process's files become no longer than that, as a small file system
/// would, and without filling the real one.
class file_size_limit {
public:
    explicit file_size_limit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN))
    {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }

    file_size_limit(const file_size_limit&) = delete;
    file_size_limit& operator=(const file_size_limit&) = delete;

    ~file_size_limit()
    {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

} // namespace vmtask::test
