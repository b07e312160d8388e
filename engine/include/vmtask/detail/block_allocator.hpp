// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/block_pool.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace vmtask::detail {

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
