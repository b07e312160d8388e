// SPDX-License-Identifier: BSL-1.0
#include "record/task_annex.hpp"

#include "gate/task_terms.hpp"

#include <utility>

namespace vmtask::detail {

void task_annex::begin(std::unique_ptr<task_terms> terms, std::unique_ptr<task_extras> extras) noexcept
{
    if (terms) {
        terms->extras = std::move(extras);
        word_ = reinterpret_cast<std::uintptr_t>(terms.release());
    } else if (extras) {
        word_ = reinterpret_cast<std::uintptr_t>(extras.release()) | is_extras;
    }
}

task_annex::~task_annex()
{
    if (task_terms* const owned = terms()) delete owned;
    else delete extras_locked();
}

task_extras* task_annex::extras_locked() const noexcept
{
    if (const task_terms* const having = terms()) return having->extras.get();
    return reinterpret_cast<task_extras*>(word_.load(std::memory_order_relaxed) & ~is_extras);
}

task_extras& task_annex::make_extras_locked()
{
    if (task_extras* const made = extras_locked()) return *made;
    auto made = std::make_unique<task_extras>();
    if (task_terms* const having = terms()) return *(having->extras = std::move(made));
    task_extras& kept = *made.release();
    word_.store(reinterpret_cast<std::uintptr_t>(&kept) | is_extras, std::memory_order_release);
    return kept;
}

} // namespace vmtask::detail
