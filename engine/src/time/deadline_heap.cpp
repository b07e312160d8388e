// SPDX-License-Identifier: BSL-1.0
#include "time/deadline_heap.hpp"

#include <utility>

namespace vmtask::detail {

void deadline_heap::add(deadline_entry& added) noexcept
{
    added.queued_ = true;
    root_ = root_ ? meld(root_, &added) : &added;
}

bool deadline_heap::remove(deadline_entry& removed) noexcept
{
    if (!removed.queued_) return false;
    deadline_entry* const below = meld_siblings(std::exchange(removed.child_, nullptr));
    if (&removed == root_) {
        root_ = below;
    } else {
        cut(removed);
        if (below) root_ = meld(root_, below);
    }
    removed.queued_ = false;
    return true;
}

/// Takes an entry that is not the root out of its siblings.
void deadline_heap::cut(deadline_entry& entry) noexcept
{
    deadline_entry* const previous = entry.previous_;
    (previous->child_ == &entry ? previous->child_ : previous->next_) = entry.next_;
    if (entry.next_) entry.next_->previous_ = previous;
    entry.next_ = nullptr;
    entry.previous_ = nullptr;
}

/// Makes the later of two roots the first child of the earlier.
deadline_entry* deadline_heap::meld(deadline_entry* left, deadline_entry* right) noexcept
{
    if (right->deadline_ < left->deadline_) std::swap(left, right);
    right->previous_ = left;
    right->next_ = left->child_;
    if (left->child_) left->child_->previous_ = right;
    left->child_ = right;
    left->next_ = nullptr;
    left->previous_ = nullptr;
    return left;
}

/// Two passes, pairs from the left and then all from the right: this is what
/// makes removing the earliest cheap in the long run.
deadline_entry* deadline_heap::meld_siblings(deadline_entry* first) noexcept
{
    deadline_entry* pairs = nullptr; // a stack, linked by next_
    while (first) {
        deadline_entry* const left = first;
        deadline_entry* const right = std::exchange(left->next_, nullptr);
        first = right ? std::exchange(right->next_, nullptr) : nullptr;
        deadline_entry* const pair = right ? meld(left, right) : left;
        pair->previous_ = nullptr;
        pair->next_ = pairs;
        pairs = pair;
    }
    deadline_entry* root = nullptr;
    while (pairs) {
        deadline_entry* const pair = std::exchange(pairs, pairs->next_);
        pair->next_ = nullptr;
        root = root ? meld(root, pair) : pair;
    }
    return root;
}

} // namespace vmtask::detail
