// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <string_view>

namespace vmtask::vhd {

/// How long work on a disk talks to whoever runs it.
///
/// Called only from the thread that does the work.
class work_monitor {
public:
    virtual ~work_monitor() = default;

    /// So much is done. `done_bytes` never falls; `total_bytes` never changes
    /// within one piece of work.
    virtual void report(std::uint64_t done_bytes, std::uint64_t total_bytes) = 0;

    /// What is being done now, in a few words.
    virtual void step(std::string_view text) = 0;

    /// Called where the work can stop with the disk whole. Throws to stop it.
    virtual void checkpoint() = 0;

    /// Called before the last step. Throws to stop the work; when it returns,
    /// checkpoint() throws no more.
    virtual void point_of_no_return() = 0;
};

} // namespace vmtask::vhd
