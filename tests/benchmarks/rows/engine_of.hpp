// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/engine_options.hpp>

#include <cstddef>

namespace vmtask::benchmark {

/// As a user would set the engine up, with this many workers.
[[nodiscard]] inline engine_options with_workers(std::size_t count)
{
    engine_options options;
    options.workers = count;
    return options;
}

} // namespace vmtask::benchmark
