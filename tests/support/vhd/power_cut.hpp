// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/format.hpp>

#include "support/vhd/memory_store.hpp"
#include "support/vhd/recording_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace vmtask::test {

/// Cuts the power after each event of a recording, and shows what may then be on
/// the disk: everything flushed, and of the rest anything, in any order, writes
/// sector by sector.
///
/// Few unflushed events are tried in every selection and every order; of many,
/// and of the parts of writes, `samples` selections are drawn after each event.
///
/// A flush that failed settles nothing, and no later one makes up for it: of the
/// events before it some are on the disk and the others never will be. One
/// object draws one such selection, so try it with several seeds.
class power_cut {
public:
    /// What is on the disk, and how many of the events there were.
    using see = std::function<void(memory_store& disk, std::size_t events)>;

    power_cut(const memory_store& initial, const std::vector<store_event>& events, std::uint32_t seed, int samples)
        : disk_(initial), events_(events), random_(seed), samples_(samples)
    {
    }

    void for_each_state(const see& look)
    {
        show({}, 0, look);
        for (std::size_t i = 0; i < events_.size(); ++i) {
            switch (events_[i].what) {
            case store_event::kind::flush: settle({unflushed_.begin(), unflushed_.end()}); break;
            case store_event::kind::failed_flush: settle(some_of_the_parts()); break;
            default: unflushed_.push_back(events_[i]);
            }
            show_all(i + 1, look);
        }
    }

private:
    using selection = std::vector<store_event>;

    void settle(const selection& durable)
    {
        for (const store_event& event : durable) event.apply_to(disk_);
        unflushed_.clear();
    }

    void show(const selection& chosen, std::size_t events, const see& look) const
    {
        memory_store state = disk_;
        for (const store_event& event : chosen) event.apply_to(state);
        look(state, events);
    }

    void show_all(std::size_t events, const see& look)
    {
        show({}, events, look);
        if (unflushed_.empty()) return;
        show(unflushed_, events, look);
        if (unflushed_.size() <= 3) show_every_order({}, unflushed_, events, look);
        // The newest may be there although all the others are not, and the other way round.
        show({unflushed_.back()}, events, look);
        show({unflushed_.begin(), unflushed_.end() - 1}, events, look);
        for (int i = 0; i < samples_; ++i) show(some_of_the_parts(), events, look);
    }

    void show_every_order(const selection& chosen, const selection& left, std::size_t events, const see& look) const
    {
        for (std::size_t i = 0; i < left.size(); ++i) {
            selection longer = chosen;
            selection shorter = left;
            longer.push_back(left[i]);
            shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
            show(longer, events, look);
            show_every_order(longer, shorter, events, look);
        }
    }

    /// Some parts of the unflushed writes, in some order.
    selection some_of_the_parts()
    {
        selection parts;
        for (const store_event& event : unflushed_) tear(event, parts);
        std::ranges::shuffle(parts, random_);
        const auto count = std::uniform_int_distribution<std::size_t>(0, parts.size())(random_);
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(count), parts.end());
        return parts;
    }

    /// Splits a write at up to three of the places where sectors end.
    void tear(const store_event& event, selection& parts)
    {
        std::vector<std::uint64_t> ends;
        if (event.what == store_event::kind::write && event.bytes.size() > vhd::sector_size)
            for (int i = 0; i < 3; ++i) {
                const std::uint64_t end =
                    (event.at + random_() % event.bytes.size()) / vhd::sector_size * vhd::sector_size;
                if (end > event.at) ends.push_back(end - event.at);
            }
        ends.push_back(event.bytes.size());
        std::ranges::sort(ends);
        std::uint64_t begin = 0;
        for (const std::uint64_t end : ends) {
            parts.push_back({event.what, event.at + begin, {at(event, begin), at(event, end)}});
            begin = end;
        }
    }

    static std::vector<std::byte>::const_iterator at(const store_event& event, std::uint64_t index)
    {
        return event.bytes.begin() + static_cast<std::ptrdiff_t>(index);
    }

    memory_store disk_; // what is durable
    const std::vector<store_event>& events_;
    std::mt19937 random_;
    int samples_;
    selection unflushed_;
};

} // namespace vmtask::test
