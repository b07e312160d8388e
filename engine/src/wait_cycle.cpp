// SPDX-License-Identifier: BSL-1.0
#include "wait_cycle.hpp"

#include "task_terms.hpp"

#include <set>
#include <vector>

namespace vmtask::detail {
namespace {

using record_pointer = intrusive_ptr<task_record>;

/// All that a task waits for before it can end, itself included.
class search {
public:
    explicit search(const engine_core& core) noexcept : core_(core) {}

    void add(record_pointer found)
    {
        if (found->ended() || !seen_.insert(found.get()).second) return;
        to_visit_.push_back(std::move(found));
    }

    [[nodiscard]] bool reaches(const std::set<const task_record*>& targets)
    {
        while (!to_visit_.empty()) {
            const record_pointer visited = std::move(to_visit_.back());
            to_visit_.pop_back();
            if (targets.contains(visited.get())) return true;
            visit(*visited);
        }
        return false;
    }

private:
    void visit(task_record& visited)
    {
        for (record_pointer& part : visited.parts()) add(std::move(part));
        const task_terms* const terms = visited.terms();
        // Those of other engines are behind another lock.
        if (!terms || &visited.core() != &core_ || terms->stage != room_stage::predecessors) return;
        for (const auto& each : terms->predecessors)
            if (task_record* const before = each->task_locked()) add(share(*before));
    }

    const engine_core& core_;
    std::set<const task_record*> seen_;
    std::vector<record_pointer> to_visit_;
};

} // namespace

bool would_wait_for_itself(task_record& posted)
{
    const task_terms& terms = *posted.terms();
    if (!terms.parent || terms.predecessors.empty()) return false;
    std::set<const task_record*> wholes;
    for (const task_record* whole = terms.parent.get(); whole;) {
        wholes.insert(whole);
        whole = whole->terms() ? whole->terms()->parent.get() : nullptr;
    }
    search before(posted.core());
    for (const auto& each : terms.predecessors)
        if (task_record* const predecessor = each->task_locked()) before.add(share(*predecessor));
    return before.reaches(wholes);
}

} // namespace vmtask::detail
