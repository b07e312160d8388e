// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace vmtask::detail {

/// A few blocks for handlers that the engine posts to itself, so that waking a
/// worker or setting the timer allocates nothing. Asio's own recycling serves
/// only the threads that run the io_context.
///
/// Thread safety: all members.
class handler_memory {
public:
    [[nodiscard]] void* allocate(std::size_t size)
    {
        if (size <= block_size) {
            for (block& candidate : blocks_) {
                if (!candidate.used.load(std::memory_order_relaxed)
                    && !candidate.used.exchange(true, std::memory_order_acquire))
                    return candidate.bytes;
            }
        }
        return ::operator new(size);
    }

    void deallocate(void* pointer) noexcept
    {
        for (block& candidate : blocks_) {
            if (candidate.bytes == pointer) return candidate.used.store(false, std::memory_order_release);
        }
        ::operator delete(pointer);
    }

private:
    static constexpr std::size_t block_size = 192;

    struct block {
        alignas(std::max_align_t) std::byte bytes[block_size];
        std::atomic<bool> used{false};
    };

    std::array<block, 8> blocks_;
};

/// Lets Asio take a handler's memory from there.
template <class T>
class handler_allocator {
public:
    using value_type = T;

    explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory) {}
    template <class Other>
    explicit(false) handler_allocator(const handler_allocator<Other>& other) noexcept : memory_(other.memory_)
    {
    }

    [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(memory_->allocate(count * sizeof(T))); }
    void deallocate(T* pointer, std::size_t) noexcept { memory_->deallocate(pointer); }

    template <class Other>
    [[nodiscard]] bool operator==(const handler_allocator<Other>& other) const noexcept
    {
        return memory_ == other.memory_;
    }

private:
    template <class>
    friend class handler_allocator;

    handler_memory* memory_;
};

/// A handler that brings such memory with it.
template <class Function>
class engine_handler {
public:
    using allocator_type = handler_allocator<void>;

    engine_handler(handler_memory& memory, Function function) : memory_(&memory), function_(std::move(function)) {}

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }

    template <class... Arguments>
    void operator()(Arguments&&... arguments)
    {
        function_(std::forward<Arguments>(arguments)...);
    }

private:
    handler_memory* memory_;
    Function function_;
};

} // namespace vmtask::detail
