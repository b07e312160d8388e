// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/image.hpp>

#include "support/vhd/guest.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace vmtask::test {

/// A guest that writes and flushes, and knows what it may find after a power cut.
class busy_guest {
public:
    /// Makes 20 requests to the disk in the store, which shows `data` now.
    busy_guest(recording_store& store, std::vector<std::byte> data, std::uint32_t seed,
               vhd::guest_reader* parent = nullptr)
        : store_(store), random_(seed)
    {
        requests_.push_back({0, 0, true, std::move(data)});
        vhd::image disk(store_, parent);
        for (int i = 1; i <= 20; ++i) make_request(disk, i % 5 == 0);
    }

    /// Whether these may be the disk's contents if the power went after so many
    /// events: each sector is as it was when it was last flushed, or as some
    /// request after that has made it.
    [[nodiscard]] bool may_find(std::span<const std::byte> found, std::size_t events) const
    {
        std::size_t flushed = 0;
        std::size_t end = 1;
        for (std::size_t i = 1; i < requests_.size() && requests_[i].begin < events; end = ++i)
            if (requests_[i].is_flush && requests_[i].end <= events) flushed = i;

        const auto possible = std::span(requests_).subspan(flushed, end - flushed);
        for (std::size_t at = 0; at < found.size(); at += vhd::sector_size) {
            const auto sector = found.subspan(at, vhd::sector_size);
            const auto made_it = [&](const request& made) {
                return is_same(std::span(made.data).subspan(at, vhd::sector_size), sector);
            };
            if (std::ranges::none_of(possible, made_it)) return false;
        }
        return true;
    }

private:
    struct request {
        std::size_t begin; // in events
        std::size_t end;
        bool is_flush;
        std::vector<std::byte> data; // the whole disk after it
    };

    void make_request(vhd::image& disk, bool is_flush)
    {
        const std::size_t begin = store_.events().size();
        std::vector<std::byte> data = requests_.back().data;
        if (is_flush) disk.flush();
        else write(disk, data);
        requests_.push_back({begin, store_.events().size(), is_flush, std::move(data)});
    }

    void write(vhd::image& disk, std::vector<std::byte>& data)
    {
        const std::size_t sectors = data.size() / vhd::sector_size;
        const std::size_t first = random_() % sectors;
        const std::size_t count = std::min(1 + random_() % 6, sectors - first);
        const auto bytes = noise(count * vhd::sector_size, static_cast<std::uint32_t>(random_()));
        disk.write(first * vhd::sector_size, bytes);
        put(data, first * vhd::sector_size, bytes);
    }

    recording_store& store_;
    std::mt19937 random_;
    std::vector<request> requests_;
};

} // namespace vmtask::test
