// SPDX-License-Identifier: BSL-1.0
//
// glibc offers its own functions under a second name, for those who replace
// the first. free() stays as it is, since what it gets is glibc's.

#include "harness/heap_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

#include <unistd.h>

namespace vmtask::benchmark {
namespace {

// While nobody counts, all that an allocation costs more is a look at a word
// that nobody writes.
constinit std::atomic<bool> counting{false};
constinit std::atomic<std::uint64_t> calls{0};

void count_call() noexcept
{
    if (counting.load(std::memory_order_relaxed)) calls.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

heap_call_count::heap_call_count() noexcept
{
    calls.store(0, std::memory_order_relaxed);
    counting.store(true, std::memory_order_seq_cst);
}

heap_call_count::~heap_call_count()
{
    counting.store(false, std::memory_order_seq_cst);
}

std::uint64_t heap_call_count::made() const noexcept
{
    return calls.load(std::memory_order_relaxed);
}

} // namespace vmtask::benchmark

extern "C" {

void* libc_malloc(std::size_t) __asm__("__libc_malloc");
void* libc_calloc(std::size_t, std::size_t) __asm__("__libc_calloc");
void* libc_realloc(void*, std::size_t) __asm__("__libc_realloc");
void* libc_memalign(std::size_t, std::size_t) __asm__("__libc_memalign");

void* malloc(std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_memalign(alignment, size);
}

void* valloc(std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    return libc_memalign(static_cast<std::size_t>(::getpagesize()), size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept
{
    vmtask::benchmark::count_call();
    void* const block = libc_memalign(alignment, size);
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

} // extern "C"
