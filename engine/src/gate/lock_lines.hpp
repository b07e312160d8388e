// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/detail/block_memory.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmtask::detail {

struct claim;

/// Claims to one resource, linked through themselves.
struct claim_list {
    claim* first = nullptr;
    claim* last = nullptr;
};

/// Those who want one resource.
struct claim_line {
    claim_line(std::string_view name, std::size_t hashed) : resource(name), hash(hashed) {}

    // Lines come and go with tasks.
    static void* operator new(std::size_t size) { return allocate_block(size); }
    static void operator delete(void* line, std::size_t size) noexcept { free_block(line, size); }

    claim_list holders;
    claim_list waiters; // in the order of their tickets
    claim_list coming;  // prepared to enter later
    std::size_t holder_count = 0;
    std::size_t exclusive_holder_count = 0;
    std::size_t part_count = 0;   // holders and waiters whose set has a parent
    std::size_t user_count = 0;   // claims in any of the lists
    claim* latest_part = nullptr; // the waiter put in last as a part; where the next one is likely to belong

    // For lock_lines.
    const std::string resource;
    const std::size_t hash;
    claim_line* next_in_bucket = nullptr;
};

/// The lines by name: a hash table whose nodes are the lines themselves, so that
/// one is taken out without looking for it anew, and whose callers bring the
/// hash, so that they can make it before they take a lock.
///
/// Thread safety: none.
class lock_lines {
public:
    lock_lines() = default;
    lock_lines(const lock_lines&) = delete;
    lock_lines& operator=(const lock_lines&) = delete;
    ~lock_lines();

    [[nodiscard]] static std::size_t hash_of(std::string_view resource) noexcept;

    /// Null for none.
    [[nodiscard]] claim_line* find(std::string_view resource, std::size_t hash) const noexcept;
    /// Makes the line if there is none. Throws std::bad_alloc; then nothing has
    /// changed.
    [[nodiscard]] claim_line& find_or_add(std::string_view resource, std::size_t hash);
    void remove(claim_line& removed) noexcept;

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

private:
    [[nodiscard]] std::size_t bucket_of(std::size_t hash) const noexcept { return hash & (buckets_.size() - 1); }
    void grow();

    std::vector<claim_line*> buckets_; // none, or a power of two
    std::size_t count_ = 0;
};

} // namespace vmtask::detail
