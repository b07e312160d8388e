// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/block_memory.hpp>

#include "base/mpsc_queue.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <cstddef>
#include <new>
#include <thread>
#include <vector>

using namespace vmtask::detail;

namespace {

/// A block with something in it that nobody else may write.
struct stamped {
    explicit stamped(std::size_t number) : first(number), last(number) {}
    [[nodiscard]] bool is_whole(std::size_t number) const { return first == number && last == number; }

    std::atomic<stamped*> next_{nullptr};
    std::size_t first;
    std::byte between[100];
    std::size_t last;
};

stamped* make(std::size_t number)
{
    return ::new (allocate_block(sizeof(stamped))) stamped(number);
}

/// Frees what arrives; returns how many had been overwritten.
std::size_t free_arriving(mpsc_queue<stamped>& queue, std::size_t count)
{
    std::size_t broken = 0;
    for (std::size_t freed = 0; freed < count;) {
        stamped* const taken = queue.pop();
        if (!taken) continue;
        if (!taken->is_whole(taken->first)) ++broken;
        free_block(taken, sizeof(stamped));
        ++freed;
    }
    return broken;
}

} // namespace

TEST_CASE("no two blocks in use overlap", "[block_pool]")
{
    constexpr std::size_t count = 1000;
    std::vector<stamped*> blocks(count, nullptr);
    for (std::size_t i = 0; i < count; ++i) blocks[i] = make(i);
    for (std::size_t i = 0; i < count; i += 2) free_block(blocks[i], sizeof(stamped));
    for (std::size_t i = 0; i < count; i += 2) blocks[i] = make(i);

    std::size_t whole = 0;
    for (std::size_t i = 0; i < count; ++i) whole += blocks[i]->is_whole(i);

    CHECK(whole == count);
    for (stamped* const each : blocks) free_block(each, sizeof(stamped));
}

TEST_CASE("blocks freed on another thread come back whole", "[block_pool]")
{
    constexpr std::size_t count = 50'000;
    mpsc_queue<stamped> queue;
    std::size_t broken = 0;
    std::thread other([&] {
        keep_blocks_until_idle();
        broken = free_arriving(queue, count);
        while (give_blocks_back()) {
        }
    });
    for (std::size_t i = 0; i < count; ++i) queue.add(*make(i));
    other.join();

    CHECK(broken == 0);
    CHECK_FALSE(give_blocks_back());
}

TEST_CASE("a block too large to be kept is still one", "[block_pool]")
{
    constexpr std::size_t size = 100'000;
    auto* const bytes = static_cast<std::byte*>(allocate_block(size));
    bytes[0] = bytes[size - 1] = std::byte{1};
    free_block(bytes, size);
    CHECK_FALSE(give_blocks_back());
}
