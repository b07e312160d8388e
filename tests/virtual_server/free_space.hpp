// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace vmtask::test {

/// While it lives, every file system seems to have just that much left.
class free_space {
public:
    explicit free_space(std::uint64_t bytes) noexcept;
    free_space(const free_space&) = delete;
    free_space& operator=(const free_space&) = delete;
    ~free_space();
};

} // namespace vmtask::test
