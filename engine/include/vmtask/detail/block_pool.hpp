// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace vmtask::detail {

/// Memory for what comes and goes with every task, one block each: given back
/// on one thread it soon serves another. The general heap is slow in just this
/// case, where one thread allocates and another frees.
///
/// A block never used before, or larger than those that are kept, costs one
/// operator new and may throw as that does. So many blocks are kept at most
/// that a burst leaves some megabytes behind.
///
/// Thread safety: all functions.
[[nodiscard]] void* allocate_block(std::size_t size);
/// `size` as it was allocated with.
void free_block(void* freed, std::size_t size) noexcept;

} // namespace vmtask::detail
