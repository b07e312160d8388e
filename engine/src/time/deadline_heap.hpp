// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/deadline_entry.hpp"

namespace vmtask::detail {

/// Entries by deadline, the earliest at hand: a pairing heap, whose links are
/// in the entries, so that nothing is allocated. Adding takes constant time;
/// removing too, unless the entry has others below it.
///
/// Thread safety: none; the owner's lock guards it.
class deadline_heap {
public:
    void add(deadline_entry& added) noexcept;
    /// False when the entry is not queued.
    bool remove(deadline_entry& removed) noexcept;
    /// The entry with the earliest deadline; nullptr when there is none.
    [[nodiscard]] deadline_entry* earliest() const noexcept { return root_; }

private:
    static deadline_entry* meld(deadline_entry* left, deadline_entry* right) noexcept;
    static deadline_entry* meld_siblings(deadline_entry* first) noexcept;
    static void cut(deadline_entry& entry) noexcept;

    deadline_entry* root_ = nullptr;
};

} // namespace vmtask::detail
