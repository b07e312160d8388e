// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/format.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace vmtask::test {

/// What is done to a store; values can be added up.
enum store_call : unsigned {
    call_read = 1,
    call_write = 2,
    call_flush = 4,
    call_truncate = 8,
    call_look = 16, // size(), next_data(), next_hole()
    any_call = 31,
};

/// What a failing write has written all the same, in whole sectors, and whether
/// a failing truncate has cut.
enum class effect { none, first_half, second_half, whole };

/// Which calls fail, and how.
struct fault {
    unsigned calls = any_call;
    std::uint64_t successes = 0; // of these calls, before the one that fails
    bool for_ever = false;       // so do all of these calls after it
    effect what_happens = effect::none;
    std::errc error = std::errc::io_error;
};

/// Hands everything on to another store, but for the calls that fail.
class failing_store final : public vhd::byte_store {
public:
    failing_store(vhd::byte_store& store, const fault& plan) : store_(store), plan_(plan) {}

    /// Whether a call has failed yet.
    [[nodiscard]] bool has_failed() const noexcept { return calls_ > plan_.successes; }

    [[nodiscard]] std::uint64_t size() override
    {
        if (is_to_fail(call_look)) fail();
        return store_.size();
    }

    void read(std::uint64_t offset, std::span<std::byte> into) override
    {
        if (is_to_fail(call_read)) fail();
        store_.read(offset, into);
    }

    void write(std::uint64_t offset, std::span<const std::byte> from) override
    {
        if (!is_to_fail(call_write)) return store_.write(offset, from);
        const std::uint64_t middle = (offset + from.size() / 2) / vhd::sector_size * vhd::sector_size;
        const std::uint64_t half = middle > offset ? middle - offset : 0;
        switch (plan_.what_happens) {
        case effect::none: break;
        case effect::first_half: store_.write(offset, from.first(half)); break;
        case effect::second_half: store_.write(offset + half, from.subspan(half)); break;
        case effect::whole: store_.write(offset, from); break;
        }
        fail();
    }

    void flush() override
    {
        if (is_to_fail(call_flush)) fail();
        store_.flush();
    }

    void truncate(std::uint64_t size) override
    {
        if (!is_to_fail(call_truncate)) return store_.truncate(size);
        if (plan_.what_happens == effect::whole) store_.truncate(size);
        fail();
    }

    [[nodiscard]] bool punch(std::uint64_t offset, std::uint64_t length) override
    {
        if (is_to_fail(call_write)) fail();
        return store_.punch(offset, length);
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override
    {
        if (is_to_fail(call_look)) fail();
        return store_.next_data(offset);
    }

    [[nodiscard]] std::uint64_t next_hole(std::uint64_t offset) override
    {
        if (is_to_fail(call_look)) fail();
        return store_.next_hole(offset);
    }

    [[nodiscard]] const std::string& name() const override { return store_.name(); }

private:
    [[nodiscard]] bool is_to_fail(store_call call)
    {
        if ((plan_.calls & call) == 0) return false;
        const std::uint64_t number = calls_++;
        return number == plan_.successes || (plan_.for_ever && number > plan_.successes);
    }

    [[noreturn]] void fail() const
    {
        throw std::system_error(std::make_error_code(plan_.error), name() + ": injected");
    }

    vhd::byte_store& store_;
    fault plan_;
    std::uint64_t calls_ = 0;
};

/// Calls tried(fault) for each way in which calls of these kinds fail, with an
/// ever later call, until it returns that none failed any more.
///
/// That one call fails is tried for calls of any kind, which is each of them; that
/// all do from one on, for each choice of kinds. Returns how many times something failed.
template <class Tried>
std::uint64_t fail_everywhere(unsigned calls, Tried tried)
{
    std::uint64_t failures = 0;
    for (const effect what : {effect::none, effect::first_half, effect::second_half, effect::whole}) {
        const unsigned kinds = what == effect::none ? calls : calls & (call_write | call_truncate);
        if (kinds == 0) continue;
        for (const bool for_ever : {false, true}) {
            if (!for_ever && calls != any_call) continue;
            fault plan{kinds, 0, for_ever, what, std::errc::io_error};
            while (tried(plan)) {
                ++failures;
                ++plan.successes;
                plan.error = plan.successes % 2 != 0 ? std::errc::no_space_on_device : std::errc::io_error;
            }
        }
    }
    return failures;
}

[[nodiscard]] inline std::string text_of(const fault& plan)
{
    return "calls " + std::to_string(plan.calls) + ", after " + std::to_string(plan.successes)
        + (plan.for_ever ? ", for ever" : ", once") + ", effect " + std::to_string(static_cast<int>(plan.what_happens));
}

} // namespace vmtask::test
