// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace vmtask::detail {

/// Memory for what comes and goes with every task, one block each: given back
/// on one thread it soon serves another. The general heap is slow in just this
/// case, where one thread allocates and another frees.
///
/// A block never used before, or larger than those that are kept, costs one
/// operator new and may throw as that does. Some megabytes are kept at most,
/// and more only as long as workers have tasks to run.
///
/// Thread safety: all functions.
[[nodiscard]] void* allocate_block(std::size_t size);
/// `size` as it was allocated with.
void free_block(void* freed, std::size_t size) noexcept;

/// From now on all that the calling thread frees is kept. It calls
/// give_blocks_back() when it has nothing better to do.
void keep_blocks_until_idle() noexcept;
/// Returns a few blocks to the general heap. False when no more are kept than
/// may be kept for good.
bool give_blocks_back() noexcept;

/// Around a fork: so that no other thread, which the child has not, holds a lock.
void hold_blocks() noexcept;
void let_blocks_go() noexcept;

} // namespace vmtask::detail
