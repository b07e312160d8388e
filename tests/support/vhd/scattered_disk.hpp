// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

namespace vmtask::test {

/// Which of its footers a disk has; the other is damaged or missing.
enum class footers { both, at_start, at_end };

struct scatter {
    std::uint32_t seed = 0;
    std::uint32_t block_size = 4096;
    std::uint32_t blocks = 12; // the last one is half a block
    footers has = footers::both;
    bool aligned = false; // all blocks alike to 4 KiB
};

/// A disk that has seen much: its blocks lie in no order, with gaps between and
/// before them, in which old data remains; some hold only zeros, among them the
/// first, the last and one in the middle; some have no place. Behind them is what
/// need not be a whole number of sectors.
class scattered_disk {
public:
    explicit scattered_disk(const scatter& wanted)
        : store(make_disk(wanted.blocks * std::uint64_t{wanted.block_size} - wanted.block_size / 2, wanted.block_size)),
          expected(wanted.blocks * std::size_t{wanted.block_size} - wanted.block_size / 2),
          wanted_(wanted),
          random_(wanted.seed),
          place_(vhd::read_layout(store).end_of_table())
    {
        const vhd::sector footer = vhd::read_layout(store).footer_bytes;
        const std::vector<std::uint32_t> order = shuffled_blocks();
        for (std::size_t i = 0; i < order.size(); ++i) {
            leave_gap();
            const bool is_zero = i == 0 || i == order.size() / 2 || i == order.size() - 1 || draw() % 4 == 0;
            add_block(order[i], is_zero);
        }
        if (wanted_.has != footers::at_start) store.write(place_ + draw() % 3 * 300, footer);
        if (wanted_.has == footers::at_end) spoil(store, 100);
    }

    memory_store store;
    std::vector<std::byte> expected; // what the guest sees

private:
    /// All but about a fifth.
    std::vector<std::uint32_t> shuffled_blocks()
    {
        std::vector<std::uint32_t> order(wanted_.blocks);
        std::iota(order.begin(), order.end(), 0U);
        std::ranges::shuffle(order, random_);
        order.resize(order.size() - order.size() / 5);
        return order;
    }

    void leave_gap()
    {
        const std::uint64_t stored = vhd::stored_block_bytes(wanted_.block_size);
        std::uint64_t gap = 0;
        switch (draw() % 4) {
        case 0: gap = stored; break;
        case 1: gap = draw() % (stored / 512) * 512; break;
        default: break;
        }
        if (wanted_.aligned) gap += (8192 + 512 - (place_ + gap) % 4096) % 4096;
        if (gap != 0) store.write(place_, noise(gap, draw()));
        place_ += gap;
    }

    void add_block(std::uint32_t block, bool is_zero)
    {
        const std::uint32_t bitmap_size = vhd::bitmap_bytes(wanted_.block_size);
        const std::size_t begin = std::size_t{block} * wanted_.block_size;
        const auto visible =
            std::span(expected).subspan(begin, std::min<std::size_t>(wanted_.block_size, expected.size() - begin));
        std::vector<std::byte> stored(vhd::stored_block_bytes(wanted_.block_size));
        if (!is_zero) {
            // Only a part of it was ever written.
            const std::size_t sectors = 1 + draw() % (visible.size() / 512);
            std::fill_n(stored.begin(), (sectors + 7) / 8, std::byte{0xFF});
            std::ranges::copy(noise(sectors * 512, draw()), visible.begin());
            std::ranges::copy(visible, stored.begin() + bitmap_size);
        } else if (draw() % 2 == 0) {
            std::fill_n(stored.begin(), bitmap_size, std::byte{0xFF});
        }
        store.write(place_, stored);
        set_entry(store, block, static_cast<std::uint32_t>(place_ / 512));
        place_ += stored.size();
    }

    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    scatter wanted_;
    std::mt19937 random_;
    std::uint64_t place_; // where the next block may go
};

} // namespace vmtask::test
