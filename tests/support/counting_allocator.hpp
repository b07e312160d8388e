// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <new>

namespace vmtask::test {

/// What passed through the counting_allocators of one test.
struct allocation_count {
    std::atomic<long> made{0};
    std::atomic<long> live{0};
};

/// The heap, with a count of who is still out.
template <class T>
class counting_allocator {
public:
    using value_type = T;

    explicit counting_allocator(allocation_count& count) noexcept : count_(&count) {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : count_(other.count_)
    {
    }

    [[nodiscard]] T* allocate(std::size_t size)
    {
        ++count_->made;
        ++count_->live;
        return static_cast<T*>(::operator new(size * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t) noexcept
    {
        --count_->live;
        ::operator delete(memory);
    }

    template <class U>
    [[nodiscard]] bool operator==(const counting_allocator<U>& other) const noexcept
    {
        return count_ == other.count_;
    }

private:
    template <class U>
    friend class counting_allocator;

    allocation_count* count_;
};

} // namespace vmtask::test
