// SPDX-License-Identifier: BSL-1.0
#include <vmtask/detail/block_memory.hpp>

#include "base/prefetch.hpp"

#include "base/ranked_mutex.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace vmtask::detail {
namespace {

// The sizes of blocks are those that general heaps give out without waste: all
// but one word of so many pairs of words.
constexpr std::size_t granularity = 2 * sizeof(void*);
constexpr std::size_t overhead = sizeof(void*);
constexpr std::size_t classes = 32;
/// Blocks that threads hand to each other at once.
constexpr std::uint32_t blocks_per_batch = 64;
/// Kept for all threads and for good, in all sizes together; this many more
/// only by threads that give them back.
constexpr std::int64_t kept_batches = 512;

// Memory that is used again at once would hide from AddressSanitizer what is
// used after its end.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool reuses_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool reuses_memory = false;
#else
constexpr bool reuses_memory = true;
#endif
#else
constexpr bool reuses_memory = true;
#endif

/// What is in a block that nobody uses.
struct free_block_links {
    free_block_links* next;
    free_block_links* next_batch; // in the first of a batch
};

std::size_t class_of(std::size_t size) noexcept
{
    return (size + overhead - 1) / granularity;
}

void* allocate_of_class(std::size_t index)
{
    // The smallest still has to hold the links.
    return ::operator new(std::max((index + 1) * granularity - overhead, sizeof(free_block_links)));
}

/// Batches of free blocks of one size, for all threads.
class depot {
public:
    void put(free_block_links* batch) noexcept
    {
        const mutex_guard lock(mutex_);
        batch->next_batch = first_;
        first_ = batch;
    }

    [[nodiscard]] free_block_links* take() noexcept
    {
        const mutex_guard lock(mutex_);
        free_block_links* const taken = first_;
        if (taken) first_ = taken->next_batch;
        return taken;
    }

    // Of all depots at once, for a fork.
    void hold() noexcept { mutex_.unranked().lock(); }
    void let_go() noexcept { mutex_.unranked().unlock(); }

private:
    alignas(64) ranked_mutex<lock_rank::block_pool, small_mutex> mutex_;
    free_block_links* first_ VMTASK_GUARDED_BY(mutex_) VMTASK_PT_GUARDED_BY(mutex_) = nullptr;
};

constinit std::array<depot, classes> depots;
constinit std::atomic<std::int64_t> batches_in_depots{0};

constinit thread_local bool gives_back = false;

void delete_batch(free_block_links* batch) noexcept
{
    while (batch) ::operator delete(std::exchange(batch, batch->next));
}

void put_or_delete(depot& into, free_block_links* batch) noexcept
{
    if (!batch) return;
    if (!gives_back && batches_in_depots.load(std::memory_order_relaxed) >= kept_batches) return delete_batch(batch);
    into.put(batch);
    batches_in_depots.fetch_add(1, std::memory_order_relaxed);
}

[[nodiscard]] free_block_links* take_batch(depot& from) noexcept
{
    free_block_links* const taken = from.take();
    if (taken) batches_in_depots.fetch_sub(1, std::memory_order_relaxed);
    return taken;
}

/// The free blocks of one size that a thread has at hand: some, and a full
/// batch or none, so that a thread at the edge of a batch does not go to the
/// depot with each block.
struct stock {
    free_block_links* first = nullptr;
    free_block_links* full = nullptr;
    std::uint32_t count = 0; // of those at `first`
};

enum class thread_phase : std::uint8_t { fresh, running, leaving };

constinit thread_local std::array<stock, classes> stocks{};
constinit thread_local thread_phase phase = thread_phase::fresh;

/// Hands a thread's blocks on when it ends.
struct thread_exit {
    ~thread_exit()
    {
        phase = thread_phase::leaving;
        gives_back = false; // it never will
        for (std::size_t index = 0; index < classes; ++index) {
            put_or_delete(depots[index], stocks[index].full);
            put_or_delete(depots[index], stocks[index].first);
            stocks[index] = stock();
        }
    }
};

/// True while the thread may keep blocks: not while its last objects go.
bool may_keep() noexcept
{
    if (phase == thread_phase::fresh) {
        thread_local const thread_exit at_exit;
        static_cast<void>(at_exit);
        phase = thread_phase::running;
    }
    return phase == thread_phase::running;
}

bool refill(stock& from, depot& reserve) noexcept
{
    from.first = from.full ? std::exchange(from.full, nullptr) : take_batch(reserve);
    from.count = from.first ? blocks_per_batch : 0;
    return from.first != nullptr;
}

} // namespace

void* allocate_block(std::size_t size)
{
    const std::size_t index = class_of(size);
    if (!reuses_memory || index >= classes) return ::operator new(size);
    stock& from = stocks[index];
    if (!from.first && !(may_keep() && refill(from, depots[index]))) return allocate_of_class(index);
    free_block_links* const taken = from.first;
    from.first = taken->next;
    prefetch(from.first);
    if (from.count > 0) --from.count;
    return taken;
}

void free_block(void* freed, std::size_t size) noexcept
{
    const std::size_t index = class_of(size);
    if (!reuses_memory || index >= classes || !may_keep()) return ::operator delete(freed);
    stock& into = stocks[index];
    if (into.count == blocks_per_batch) {
        put_or_delete(depots[index], into.full);
        into.full = std::exchange(into.first, nullptr);
        into.count = 0;
    }
    into.first = ::new (freed) free_block_links{into.first, nullptr};
    ++into.count;
}

void keep_blocks_until_idle() noexcept
{
    gives_back = may_keep();
}

bool give_blocks_back() noexcept
{
    if (batches_in_depots.load(std::memory_order_relaxed) <= kept_batches) return false;
    for (depot& from : depots) {
        if (free_block_links* const batch = take_batch(from)) {
            delete_batch(batch);
            return true;
        }
    }
    return false;
}

void hold_blocks() noexcept
{
    for (depot& held : depots) held.hold();
}

void let_blocks_go() noexcept
{
    for (depot& held : depots) held.let_go();
}

} // namespace vmtask::detail
