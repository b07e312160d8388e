// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tell/seat.hpp"

#include <vmtask/task_observer.hpp>

namespace vmtask::detail {

/// The engine's observer.
class observer_seat final : public seat<task_observer> {
public:
    using seat::seat;
};

} // namespace vmtask::detail
