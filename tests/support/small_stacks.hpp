// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/sanitized.hpp"

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace vmtask::test {

/// While it is there, new threads have stacks so small that recursion over
/// thousands of tasks shows. Sanitizers need more in each call.
class small_stacks {
public:
    small_stacks()
    {
        pthread_attr_init(&before_);
        pthread_attr_t small;
        pthread_attr_init(&small);
        const bool is_set = pthread_getattr_default_np(&before_) == 0 && pthread_attr_setstacksize(&small, size) == 0
            && pthread_setattr_default_np(&small) == 0;
        pthread_attr_destroy(&small);
        if (!is_set) throw std::runtime_error("the size of stacks cannot be set");
    }
    small_stacks(const small_stacks&) = delete;
    small_stacks& operator=(const small_stacks&) = delete;
    ~small_stacks()
    {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }

private:
    static constexpr std::size_t size = (is_sanitized ? 1024 : 256) * std::size_t{1024};

    pthread_attr_t before_;
};

} // namespace vmtask::test
