// SPDX-License-Identifier: BSL-1.0
#include "counted_heap.hpp"

#include <cstddef>
#include <cstdlib>

namespace vmtask::test {

constinit thread_local long allocations = 0;
constinit thread_local long allowance = -1;

namespace {

void* counted_allocation(std::size_t size)
{
    ++allocations;
    if (allowance == 0) throw std::bad_alloc();
    if (allowance > 0) --allowance;
    void* const memory = std::malloc(size == 0 ? 1 : size);
    if (!memory) throw std::bad_alloc();
    return memory;
}

} // namespace
} // namespace vmtask::test

void* operator new(std::size_t size)
{
    return vmtask::test::counted_allocation(size);
}
void* operator new[](std::size_t size)
{
    return vmtask::test::counted_allocation(size);
}
// Inlined, they would look to the compiler like free() of what new returned.
[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}
