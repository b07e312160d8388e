// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/image_reader.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/vhd/disk.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::test {

/// All that a guest reads.
[[nodiscard]] inline std::vector<std::byte> contents(vhd::guest_reader& disk)
{
    std::vector<std::byte> bytes(disk.size());
    disk.read(0, bytes);
    return bytes;
}

/// Images in memory, each the parent of the next, and what a guest sees of each.
class memory_chain {
public:
    /// The lowest one: any disk that has no parent.
    explicit memory_chain(memory_store base) { add(std::move(base)); }

    /// Puts an empty differencing disk on top.
    void add_child(std::uint64_t size, std::uint32_t block_size)
    {
        vhd::create_options options{.size_bytes = size, .block_size_bytes = block_size};
        options.parent.emplace();
        options.parent->id = vhd::read_layout(stores_.back()).footer.id;
        options.parent->name = "parent.vhd";
        memory_store store;
        vhd::create_image(store, options);
        add(std::move(store));
    }

    /// Lets a guest write to the top here and there: noise, and zeros.
    void scribble(std::uint32_t seed, int count)
    {
        std::mt19937 random(seed);
        vhd::image disk(stores_.back(), beneath_top());
        for (int i = 0; i < count; ++i) {
            const std::uint64_t sectors = disk.size() / 512;
            const std::uint64_t first = random() % sectors;
            const std::uint64_t length = std::min<std::uint64_t>(1 + random() % 40, sectors - first);
            write(disk, first * 512,
                  i % 4 == 3 ? std::vector<std::byte>(length * 512)
                             : noise(length * 512, seed + static_cast<std::uint32_t>(i)));
        }
        disk.flush();
    }

    void write(vhd::image& disk, std::uint64_t offset, const std::vector<std::byte>& bytes)
    {
        disk.write(offset, bytes);
        put(expected_.back(), offset, bytes);
    }

    [[nodiscard]] std::size_t size() const { return stores_.size(); }
    [[nodiscard]] memory_store& store(std::size_t level) { return stores_[level]; }
    [[nodiscard]] memory_store& top() { return stores_.back(); }
    [[nodiscard]] vhd::image_reader& reader(std::size_t level) { return readers_[level]; }
    [[nodiscard]] vhd::guest_reader* beneath_top() { return size() > 1 ? &readers_[size() - 2] : nullptr; }
    [[nodiscard]] const std::vector<std::byte>& expected(std::size_t level) const { return expected_[level]; }
    [[nodiscard]] const std::vector<std::byte>& expected() const { return expected_.back(); }

    /// After the top has been changed.
    void reopen_top()
    {
        vhd::guest_reader* const beneath = beneath_top();
        readers_.pop_back();
        readers_.emplace_back(stores_.back(), vhd::read_layout(stores_.back()), beneath);
    }

private:
    void add(memory_store store)
    {
        if (size() != 0) reopen_top();
        stores_.push_back(std::move(store));
        vhd::guest_reader* const beneath = size() > 1 ? &readers_.back() : nullptr;
        readers_.emplace_back(stores_.back(), vhd::read_layout(stores_.back()), beneath);
        std::vector<std::byte> shown = size() > 1 ? expected_.back() : contents(readers_.back());
        shown.resize(readers_.back().size());
        expected_.push_back(std::move(shown));
    }

    std::deque<memory_store> stores_;
    std::deque<vhd::image_reader> readers_;
    std::vector<std::vector<std::byte>> expected_;
};

/// A chain of four of different block sizes, of which each has been written to.
[[nodiscard]] inline memory_chain used_chain(std::uint32_t seed, bool has_fixed_base = false)
{
    constexpr std::uint64_t size = 1U << 20;
    memory_chain chain(has_fixed_base ? make_fixed_disk(noise(size, seed)) : make_disk(size, 32768));
    if (!has_fixed_base) chain.scribble(seed, 20);
    for (const std::uint32_t block_size : {4096U, 65536U, 16384U}) {
        chain.add_child(size, block_size);
        chain.scribble(++seed, 12);
    }
    chain.reopen_top();
    return chain;
}

} // namespace vmtask::test
