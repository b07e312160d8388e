// SPDX-License-Identifier: BSL-1.0
#include "gate/lock_lines.hpp"

#include <functional>
#include <utility>

namespace vmtask::detail {

lock_lines::~lock_lines()
{
    for (claim_line* bucket : buckets_)
        while (bucket) delete std::exchange(bucket, bucket->next_in_bucket);
}

std::size_t lock_lines::hash_of(std::string_view resource) noexcept
{
    return std::hash<std::string_view>()(resource);
}

claim_line* lock_lines::find(std::string_view resource, std::size_t hash) const noexcept
{
    if (buckets_.empty()) return nullptr;
    claim_line* found = buckets_[bucket_of(hash)];
    while (found && (found->hash != hash || found->resource != resource)) found = found->next_in_bucket;
    return found;
}

claim_line& lock_lines::find_or_add(std::string_view resource, std::size_t hash)
{
    if (claim_line* const found = find(resource, hash)) return *found;
    if (count_ == buckets_.size()) grow();
    auto* const added = new claim_line(resource, hash);
    claim_line*& bucket = buckets_[bucket_of(hash)];
    added->next_in_bucket = std::exchange(bucket, added);
    ++count_;
    return *added;
}

void lock_lines::remove(claim_line& removed) noexcept
{
    claim_line** link = &buckets_[bucket_of(removed.hash)];
    while (*link != &removed) link = &(*link)->next_in_bucket;
    *link = removed.next_in_bucket;
    --count_;
    delete &removed;
}

void lock_lines::grow()
{
    constexpr std::size_t fewest = 64;
    std::vector<claim_line*> before(buckets_.empty() ? fewest : 2 * buckets_.size());
    before.swap(buckets_);
    for (claim_line* each : before) {
        while (each) {
            claim_line*& bucket = buckets_[bucket_of(each->hash)];
            claim_line* const next = std::exchange(each->next_in_bucket, bucket);
            bucket = std::exchange(each, next);
        }
    }
}

} // namespace vmtask::detail
