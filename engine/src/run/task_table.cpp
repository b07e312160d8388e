// SPDX-License-Identifier: BSL-1.0
#include "run/task_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace vmtask::detail {

void task_table::add(std::uint64_t id, task_record& added) noexcept
{
    try {
        page* const into = page_for(id / page_size);
        into->tasks[id % page_size] = &added;
        ++into->count;
        ++count_;
    } catch (const std::bad_alloc&) {
        // Contract: it runs, but is not found.
        return;
    }
}

task_table::page* task_table::page_for(std::uint64_t number)
{
    if (recent_ && recent_number_ == number) return recent_;
    if (recent_ && recent_->count == 0) recycle(recent_number_);
    recent_ = nullptr;

    auto found = pages_.find(number);
    if (found == pages_.end()) {
        std::unique_ptr<page> fresh = spare_ ? std::move(spare_) : std::make_unique<page>();
        found = pages_.emplace(number, std::move(fresh)).first;
    }
    recent_number_ = number;
    recent_ = found->second.get();
    return recent_;
}

void task_table::recycle(std::uint64_t number) noexcept
{
    if (leaving_number_ == number) leaving_ = nullptr;
    const auto emptied = pages_.find(number);
    spare_ = std::move(emptied->second);
    pages_.erase(emptied);
}

void task_table::remove(std::uint64_t id) noexcept
{
    const std::uint64_t number = id / page_size;
    if (!leaving_ || leaving_number_ != number) {
        const auto found = pages_.find(number);
        if (found == pages_.end()) return;
        leaving_number_ = number;
        leaving_ = found->second.get();
    }
    page& from = *leaving_;
    if (!std::exchange(from.tasks[id % page_size], nullptr)) return;
    --count_;
    --from.count;
    // The recent page is about to be used again.
    if (from.count == 0 && &from != recent_) recycle(number);
}

task_record* task_table::find(std::uint64_t id) const noexcept
{
    const auto found = pages_.find(id / page_size);
    return found == pages_.end() ? nullptr : found->second->tasks[id % page_size];
}

std::vector<std::uint64_t> task_table::pages_after(std::uint64_t id) const
{
    std::vector<std::uint64_t> numbers;
    numbers.reserve(pages_.size());
    for (const auto& [number, unused] : pages_)
        if (number >= id / page_size) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::vector<task_record*> task_table::all() const
{
    std::vector<task_record*> found;
    found.reserve(count_);
    for (const std::uint64_t number : pages_after(0))
        for_each_on_page(number, [&](task_record& listed) { found.push_back(&listed); });
    return found;
}

} // namespace vmtask::detail
