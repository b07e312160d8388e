// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tell/seat.hpp"

#include <vmtask/task_journal.hpp>

namespace vmtask::detail {

/// The engine's journal.
class journal_seat final : public seat<task_journal> {
public:
    using seat::seat;
};

} // namespace vmtask::detail
