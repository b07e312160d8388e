// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine_core.hpp"
#include "engine_thread.hpp"
#include "wait_graph.hpp"

namespace vmtask::detail {

/// The time in which a thread blocks in a wait for tasks. On a thread of an
/// engine it checks first that this can end, and that the engine gets on.
class blocked_scope {
public:
    /// The tasks outlive it.
    blocked_scope(wait_kind kind, blocked_wait::targets tasks) noexcept
        : self_(this_engine_thread()), wait_(kind, tasks)
    {
        if (self_) refused_ = !enter();
        if (refused_) self_->core->rare().count_refused_wait();
    }
    ~blocked_scope()
    {
        if (self_ && !refused_) leave();
    }
    blocked_scope(const blocked_scope&) = delete;
    blocked_scope& operator=(const blocked_scope&) = delete;

    /// True when the wait must not be begun.
    [[nodiscard]] bool refused() const noexcept { return refused_; }

private:
    [[nodiscard]] bool enter() noexcept
    {
        if (!wait_graph::enter(*self_, wait_)) return false;
        if (self_->kind != thread_kind::worker || self_->core->workers().begin_blocking()) return true;
        wait_graph::leave(*self_);
        return false;
    }

    void leave() noexcept
    {
        if (self_->kind == thread_kind::worker) self_->core->workers().end_blocking();
        wait_graph::leave(*self_);
    }

    engine_thread* self_; // null on a thread that is no engine's
    blocked_wait wait_;
    bool refused_ = false;
};

} // namespace vmtask::detail
