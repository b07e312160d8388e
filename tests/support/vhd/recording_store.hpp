// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include "support/vhd/memory_store.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace vmtask::test {

/// Something that changed a store, or said which changes are durable.
struct store_event {
    enum class kind { write, truncate, flush, failed_flush };

    kind what = kind::flush;
    std::uint64_t at = 0; // where it wrote, or the new size
    std::vector<std::byte> bytes{};

    void apply_to(vhd::byte_store& store) const
    {
        if (what == kind::write) store.write(at, bytes);
        if (what == kind::truncate) store.truncate(at);
    }
};

/// What the program is told that dies in the middle of its work.
struct killed {};

/// A store that remembers its events; its contents are what running programs see.
class recording_store final : public vhd::byte_store {
public:
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    explicit recording_store(memory_store initial) : visible_(std::move(initial)) {}

    /// The event of this number, from 0, does not happen: the program is killed.
    std::size_t kill_at = never;
    /// This flush, counted from 0, fails.
    std::size_t fail_flush_at = never;

    [[nodiscard]] const std::vector<store_event>& events() const noexcept { return events_; }
    [[nodiscard]] memory_store& visible() noexcept { return visible_; }

    [[nodiscard]] std::uint64_t size() override { return visible_.size(); }
    void read(std::uint64_t offset, std::span<std::byte> into) override { visible_.read(offset, into); }

    void write(std::uint64_t offset, std::span<const std::byte> from) override
    {
        record({store_event::kind::write, offset, {from.begin(), from.end()}});
    }

    void truncate(std::uint64_t size) override { record({store_event::kind::truncate, size}); }

    [[nodiscard]] bool punch(std::uint64_t offset, std::uint64_t length) override
    {
        write(offset, std::vector<std::byte>(length));
        return true;
    }

    void flush() override
    {
        if (flushes_++ != fail_flush_at) return record({store_event::kind::flush});
        record({store_event::kind::failed_flush});
        throw std::system_error(std::make_error_code(std::errc::io_error), name() + ": injected");
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override { return visible_.next_data(offset); }
    [[nodiscard]] std::uint64_t next_hole(std::uint64_t offset) override { return visible_.next_hole(offset); }
    [[nodiscard]] const std::string& name() const override { return visible_.name(); }

private:
    void record(store_event event)
    {
        if (events_.size() >= kill_at) throw killed();
        event.apply_to(visible_);
        events_.push_back(std::move(event));
    }

    memory_store visible_;
    std::vector<store_event> events_;
    std::size_t flushes_ = 0;
};

} // namespace vmtask::test
