// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace vmtask::c_api {

/// Says, while it lives, that its thread hands something to the engine. What is
/// destroyed on this thread meanwhile was refused, and its caller, who gets an
/// error, must not be told a second time.
class handing_over {
public:
    handing_over() noexcept { here = true; }
    ~handing_over() { here = false; }
    handing_over(const handing_over&) = delete;
    handing_over& operator=(const handing_over&) = delete;

    [[nodiscard]] static bool is_under_way_here() noexcept { return here; }

private:
    static inline thread_local bool here = false;
};

} // namespace vmtask::c_api
