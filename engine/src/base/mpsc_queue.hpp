// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "base/prefetch.hpp"
#include "base/spin.hpp"

#include <atomic>
#include <thread>

namespace vmtask::detail {

/// Things in order of arrival, linked through themselves (`next_`): any thread
/// adds one without a lock, one thread at a time takes them out.
///
/// Each is touched when it comes and when it goes, and not in between: with a
/// million of them waiting, every further touch would cost a cache miss.
template <class Node>
class mpsc_queue {
public:
    /// True when nothing was in the queue.
    bool add(Node& added) noexcept
    {
        added.next_.store(nullptr, std::memory_order_relaxed);
        Node* const before = newest_.exchange(&added, std::memory_order_acq_rel);
        // Here `added` is in and cannot be reached yet; those who need it wait.
        // The first is sequentially consistent, against the look at the idle
        // workers that follows; see worker_pool::notify.
        if (before) before->next_.store(&added, std::memory_order_release);
        else oldest_.store(&added, std::memory_order_seq_cst);
        return before == nullptr;
    }

    /// False once something can be taken out.
    [[nodiscard]] bool empty() const noexcept { return oldest_.load(std::memory_order_seq_cst) == nullptr; }

    /// True when something is in, or about to be.
    [[nodiscard]] bool has_any() const noexcept { return newest_.load(std::memory_order_acquire) != nullptr; }

    /// The oldest; nullptr when there is none. Who sees the queue empty by that sees,
    /// too, what the caller wrote before.
    [[nodiscard]] Node* pop() noexcept
    {
        Node* const popped = oldest_.load(std::memory_order_acquire);
        if (!popped) return nullptr;
        Node* next = popped->next_.load(std::memory_order_acquire);
        if (next) {
            oldest_.store(next, std::memory_order_relaxed);
        } else {
            if (forget_last(*popped)) return popped;
            next = wait_for(popped->next_);
            // It has looked empty for a moment; so as in add().
            oldest_.store(next, std::memory_order_seq_cst);
        }
        prefetch(next);
        return popped;
    }

    /// Calls `visit(Node&)` for each that was added before, oldest first, and
    /// forgets them.
    template <class Visit>
    void drain(Visit visit)
    {
        const Node* const newest = newest_.load(std::memory_order_acquire);
        if (!newest) return;
        wait_for(oldest_);
        for (const Node* visited = nullptr; visited != newest;) {
            Node* const popped = pop();
            visited = popped;
            visit(*popped);
        }
    }

private:
    /// False when another follows, or is about to.
    bool forget_last(Node& last) noexcept
    {
        oldest_.store(nullptr, std::memory_order_release);
        Node* expected = &last;
        return newest_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    /// Waits for a thread that is between the two steps of add().
    static Node* wait_for(const std::atomic<Node*>& link) noexcept
    {
        Node* linked = nullptr;
        while (!spin_until([&] { return (linked = link.load(std::memory_order_acquire)) != nullptr; }))
            std::this_thread::yield();
        return linked;
    }

    alignas(64) std::atomic<Node*> newest_{nullptr};
    alignas(64) std::atomic<Node*> oldest_{nullptr};
};

} // namespace vmtask::detail
