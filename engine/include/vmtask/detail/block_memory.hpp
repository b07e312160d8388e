// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

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

/// Takes memory for one T at a time from the block pool.
template <class T>
class block_allocator {
public:
    using value_type = T;

    template <class Other>
    explicit block_allocator(const std::allocator<Other>&) noexcept
    {
    }

    [[nodiscard]] T* allocate(std::size_t count)
    {
        if constexpr (is_over_aligned()) return std::allocator<T>().allocate(count);
        else return static_cast<T*>(allocate_block(count * sizeof(T)));
    }

    void deallocate(T* pointer, std::size_t count) noexcept
    {
        if constexpr (is_over_aligned()) std::allocator<T>().deallocate(pointer, count);
        else free_block(pointer, count * sizeof(T));
    }

    [[nodiscard]] bool operator==(const block_allocator&) const noexcept { return true; }

private:
    static constexpr bool is_over_aligned() noexcept { return alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__; }
};

/// Whose memory a T is to live in: that of the handler's own allocator, or the
/// block pool where the handler has none.
template <class Allocator, class T>
using block_allocator_unless_given =
    std::conditional_t<std::is_same_v<Allocator, std::allocator<typename std::allocator_traits<Allocator>::value_type>>,
                       block_allocator<T>, typename std::allocator_traits<Allocator>::template rebind_alloc<T>>;

} // namespace vmtask::detail
