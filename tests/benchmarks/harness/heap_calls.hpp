// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace vmtask::benchmark {

/// Counts the blocks that all threads of the process take from the heap while
/// it lives, by whatever function: the program replaces malloc, calloc,
/// realloc, aligned_alloc, posix_memalign and their like for all libraries in
/// it, and operator new comes to malloc.
///
/// One at a time.
class heap_call_count {
public:
    heap_call_count() noexcept;
    ~heap_call_count();
    heap_call_count(const heap_call_count&) = delete;
    heap_call_count& operator=(const heap_call_count&) = delete;

    [[nodiscard]] std::uint64_t made() const noexcept;
};

} // namespace vmtask::benchmark
