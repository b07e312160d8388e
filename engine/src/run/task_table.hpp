// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace vmtask::detail {

class task_record;

/// Tasks by id. Ids are handed out in sequence, so that a page of neighbours
/// costs one allocation, and adding to it or removing from it none.
///
/// Thread safety: none; the scheduler's lock guards it.
class task_table {
public:
    static constexpr std::size_t page_size = 256;

    /// Without memory for a further page the task is left out: it runs, but is
    /// not found.
    void add(std::uint64_t id, task_record& added) noexcept;
    void remove(std::uint64_t id) noexcept;
    [[nodiscard]] task_record* find(std::uint64_t id) const noexcept;
    template <class Predicate>
    [[nodiscard]] task_record* find_if(Predicate is_wanted) const noexcept
    {
        for (const auto& [number, neighbours] : pages_) {
            for (task_record* const listed : neighbours->tasks) {
                if (listed && is_wanted(*listed)) return listed;
            }
        }
        return nullptr;
    }
    /// All of them, by id.
    [[nodiscard]] std::vector<task_record*> all() const;

    /// The numbers of the pages on which there are tasks with a higher id, in
    /// order.
    [[nodiscard]] std::vector<std::uint64_t> pages_after(std::uint64_t id) const;
    /// Calls `visit(task_record&)` for each task on a page, by id.
    template <class Visit>
    void for_each_on_page(std::uint64_t number, Visit visit) const
    {
        const auto found = pages_.find(number);
        if (found == pages_.end()) return;
        for (task_record* const listed : found->second->tasks)
            if (listed) visit(*listed);
    }

private:
    struct page {
        std::array<task_record*, page_size> tasks{};
        std::size_t count = 0;
    };

    [[nodiscard]] page* page_for(std::uint64_t number);
    void recycle(std::uint64_t number) noexcept;

    std::unordered_map<std::uint64_t, std::unique_ptr<page>> pages_;
    // The pages used last, since neighbours come together and go together.
    std::uint64_t recent_number_ = 0;
    page* recent_ = nullptr;
    std::uint64_t leaving_number_ = 0;
    page* leaving_ = nullptr;
    std::unique_ptr<page> spare_; // an emptied page, to be used again
    std::size_t count_ = 0;
};

} // namespace vmtask::detail
