// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "record/task_record.hpp"
#include "run/task_list.hpp"
#include "tell/event_log.hpp"

namespace vmtask::detail {

class reaped_tasks;

/// Collects what the registry lets go of, and drops it when this goes, after the
/// lock: the last reference destroys the result, which is the user's, and may take
/// its time. So that is left to the reaper.
class released_tasks {
public:
    released_tasks(event_log& events, reaped_tasks& reaped) noexcept : events_(events), reaped_(reaped) {}
    released_tasks(const released_tasks&) = delete;
    released_tasks& operator=(const released_tasks&) = delete;
    ~released_tasks();

    /// Has the value of this one destroyed, which nobody can ask for any more.
    void add_value_of(task_record& ended) noexcept
    {
        ended.add_reference();
        without_value_ = &ended;
    }
    void add(task_record& dropped) noexcept
    {
        woken_.add(events_.remove(dropped.id()));
        list_.push_back(dropped);
    }

private:
    event_log& events_;
    reaped_tasks& reaped_;
    task_list list_;
    task_record* without_value_ = nullptr;
    woken_readers woken_;
};

} // namespace vmtask::detail
