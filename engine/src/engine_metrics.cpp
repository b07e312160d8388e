// SPDX-License-Identifier: BSL-1.0
#include "engine_core.hpp"

#include <vmtask/metrics.hpp>

namespace vmtask::detail {

metrics_snapshot engine_core::metrics()
{
    metrics_snapshot snapshot;
    loop_probe_.read(snapshot);
    loop_probe_.send();
    board_.read_counters(snapshot);
    workers_.read_counters(snapshot);
    rare_.read(snapshot);
    return snapshot;
}

} // namespace vmtask::detail
