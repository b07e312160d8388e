// SPDX-License-Identifier: BSL-1.0
//
// How a made task becomes one that others can see, or does not.
#include "task/posting.hpp"

#include "base/engine_core.hpp"
#include "run/scheduler.hpp"
#include "tell/event_log.hpp"
#include "tell/journal.hpp"
#include "tell/observe.hpp"

namespace vmtask::detail {
namespace {

/// It was told of, and is not posted after all.
void withdraw_post(task_record& refused) noexcept
{
    tell_journal(refused, &task_journal::withdrawn);
    observe(refused, &task_observer::withdrawn);
    (void)refused.core().events.remove(refused.id());
    give_up_post(refused);
}

} // namespace

void announce_post(task_record& posted)
{
    observe(posted, &task_observer::posted);
    try {
        (void)posted.core().events.add(posted);
    } catch (...) {
        withdraw_post(posted);
        throw;
    }
}

intrusive_ptr<task_record> let_in(task_record& posted)
{
    announce_post(posted);
    intrusive_ptr<task_record> joined;
    try {
        joined = posted.core().room.enter(posted);
        if (!joined) return joined;
    } catch (...) {
        withdraw_post(posted);
        throw;
    }
    withdraw_post(posted);
    return joined;
}

void give_up_post(task_record& refused) noexcept
{
    refused.core().scheduler.withdraw();
    refused.release_reference(); // the engine's
}

} // namespace vmtask::detail
