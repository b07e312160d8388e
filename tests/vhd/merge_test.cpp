// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/merge_image.hpp>

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/image_reader.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/memory_chain.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

/// Merges the top of a chain into its parent, which is in that store for now.
vhd::merge_report merge(memory_chain& chain, vhd::byte_store& parent_store, vhd::work_monitor& monitor)
{
    const std::size_t top = chain.size() - 1;
    vhd::image parent(parent_store, top > 1 ? &chain.reader(top - 2) : nullptr);
    vhd::image_reader child(chain.top(), vhd::read_layout(chain.top()), nullptr);
    return vhd::merge_image(child, parent, monitor);
}

vhd::merge_report merge(memory_chain& chain, vhd::byte_store& parent_store)
{
    recording_monitor monitor;
    return merge(chain, parent_store, monitor);
}

/// What the parent, which is in that store for now, shows.
std::vector<std::byte> shown_by_parent(memory_chain& chain, vhd::byte_store& parent_store)
{
    const std::size_t top = chain.size() - 1;
    vhd::image_reader parent(parent_store, vhd::read_layout(parent_store), top > 1 ? &chain.reader(top - 2) : nullptr);
    return contents(parent);
}

/// The same of the child over it.
std::vector<std::byte> shown_by_child(memory_chain& chain, vhd::byte_store& parent_store)
{
    const std::size_t top = chain.size() - 1;
    vhd::image_reader parent(parent_store, vhd::read_layout(parent_store), top > 1 ? &chain.reader(top - 2) : nullptr);
    vhd::image_reader child(chain.top(), vhd::read_layout(chain.top()), &parent);
    return contents(child);
}

enum class parent_kind { dynamic, fixed, differencing };

/// A child over a parent of the kind, both written to, in blocks of different sizes.
memory_chain pair_over(parent_kind kind, std::uint32_t seed, std::uint64_t size = 96U << 10)
{
    memory_chain chain(kind == parent_kind::dynamic ? make_disk(size, 8192) : make_fixed_disk(noise(size, seed)));
    if (kind == parent_kind::differencing) chain.add_child(size, 4096);
    chain.scribble(seed + 1, 3);
    chain.add_child(size, 16384);
    chain.scribble(seed + 2, 4);
    return chain;
}

} // namespace

TEST_CASE("a merge makes the parent show what the child does, and leaves the child alone", "[vhd][merge]")
{
    const auto kind = GENERATE(parent_kind::dynamic, parent_kind::fixed, parent_kind::differencing);
    memory_chain chain = pair_over(kind, GENERATE(1U, 5U, 9U));
    memory_store parent = chain.store(chain.size() - 2);
    const memory_store child = chain.top();
    recording_monitor monitor;
    const auto done = merge(chain, parent, monitor);
    CHECK(is_same(shown_by_parent(chain, parent), chain.expected()));
    CHECK(is_same(shown_by_child(chain, parent), chain.expected()));
    CHECK(chain.top().same_bytes(child));
    CHECK(vhd::read_layout(parent).trailing_footer_valid);
    CHECK(done.blocks_merged > 0);
    CHECK(done.bytes_read >= done.bytes_written);
    CHECK(done.parent_file_size_before == chain.store(chain.size() - 2).size());
    CHECK(done.parent_file_size_after == parent.size());
    CHECK_FALSE(monitor.fell_or_changed);
    CHECK(monitor.done == monitor.total);
    CHECK(monitor.checkpoints == done.blocks_merged);
}

TEST_CASE("a merge of what is merged already changes nothing", "[vhd][merge]")
{
    memory_chain chain = pair_over(parent_kind::differencing, 3);
    memory_store parent = chain.store(1);
    merge(chain, parent);
    const memory_store merged = parent;
    merge(chain, parent);
    CHECK(parent.same_bytes(merged));
}

TEST_CASE("zeros that a child has over its parent's data are merged, others take no place", "[vhd][merge]")
{
    memory_chain chain(make_disk(16 * 8192, 8192));
    {
        vhd::image disk(chain.top());
        chain.write(disk, 0, noise(8192, 1));
        disk.flush();
    }
    chain.add_child(16 * 8192, 16384);
    {
        vhd::image disk(chain.top(), chain.beneath_top());
        chain.write(disk, 0, std::vector<std::byte>(6 * 8192));
        disk.flush();
    }
    memory_store parent = chain.store(0);
    const auto done = merge(chain, parent);
    CHECK(is_same(shown_by_parent(chain, parent), chain.expected()));
    CHECK(vhd::read_layout(parent).allocated_blocks() == 1);
    CHECK(done.bytes_written < done.bytes_read);
}

TEST_CASE("a parent that is longer than the child keeps its end, a shorter one is refused", "[vhd][merge]")
{
    const auto data = noise(64 * 512, 1);
    memory_chain chain(make_fixed_disk(data));
    const std::uint64_t size = GENERATE(32 * 512U, 65 * 512U);
    chain.add_child(size, 8192);
    chain.scribble(2, 3);
    memory_store parent = chain.store(0);
    if (size > data.size()) {
        CHECK(failure_of([&] { merge(chain, parent); }).code == errc::parent_too_small);
        CHECK(parent.same_bytes(chain.store(0)));
        return;
    }
    merge(chain, parent);
    auto expected = data;
    std::ranges::copy(chain.expected(), expected.begin());
    CHECK(is_same(shown_by_parent(chain, parent), expected));
}

TEST_CASE("what must not be merged is refused before the first write", "[vhd][merge]")
{
    memory_chain chain = pair_over(parent_kind::dynamic, 4);
    memory_store parent = chain.store(0);
    errc expected = errc::saved_state;
    SECTION("a child with a saved state")
    {
        change_footer(chain.top(), [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    }
    SECTION("a parent with a saved state")
    {
        change_footer(parent, [](vhd::disk_footer& footer) { footer.saved_state = 1; });
    }
    SECTION("a parent with XenServer's block map")
    {
        const std::string cookie = "tdbatmap";
        const std::uint64_t place = vhd::read_layout(parent).end_of_table();
        parent.write(place, std::as_bytes(std::span(cookie)));
        expected = errc::foreign_block_map;
    }
    const memory_store before = parent;
    CHECK(failure_of([&] { merge(chain, parent); }).code == expected);
    CHECK(parent.same_bytes(before));
}

TEST_CASE("a merge stops between any two blocks, with both disks whole, and is finished by the next", "[vhd][merge]")
{
    const auto kind = GENERATE(parent_kind::dynamic, parent_kind::fixed, parent_kind::differencing);
    memory_chain chain = pair_over(kind, 6);
    bool was_stopped = true;
    for (std::uint64_t at = 0; was_stopped; ++at) {
        memory_store parent = chain.store(chain.size() - 2);
        recording_monitor monitor;
        monitor.stop_at_checkpoint = at;
        was_stopped = failure_of([&] { merge(chain, parent, monitor); }).code == std::errc::operation_canceled;
        REQUIRE((was_stopped || at > 2));
        REQUIRE(is_same(shown_by_child(chain, parent), chain.expected()));
        REQUIRE(vhd::read_layout(parent).trailing_footer_valid);
        merge(chain, parent);
        REQUIRE(is_same(shown_by_parent(chain, parent), chain.expected()));
    }
}

TEST_CASE("whenever the power goes during a merge, the child shows the same, and the next merge finishes",
          "[vhd][merge][power_cut]")
{
    const auto kind = GENERATE(parent_kind::dynamic, parent_kind::fixed, parent_kind::differencing);
    const std::uint32_t seed = GENERATE(range(1U, is_sanitized ? 2U : 4U));
    memory_chain chain = pair_over(kind, seed);
    recording_store store(chain.store(chain.size() - 2));
    merge(chain, store);

    std::size_t states = 0;
    const auto check = [&](memory_store& parent, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        ++states;
        REQUIRE(is_same(shown_by_child(chain, parent), chain.expected()));
        if (events == store.events().size()) REQUIRE(is_same(shown_by_parent(chain, parent), chain.expected()));
        merge(chain, parent);
        REQUIRE(is_same(shown_by_parent(chain, parent), chain.expected()));
    };
    power_cut(chain.store(chain.size() - 2), store.events(), seed, 6).for_each_state(check);
    CHECK(states > 50);
}

TEST_CASE("a merge killed anywhere, run again, and cut off from power anywhere leaves the child what it shows",
          "[vhd][merge][power_cut]")
{
    memory_chain chain = pair_over(GENERATE(parent_kind::dynamic, parent_kind::differencing), 2, 48U << 10);
    std::size_t kills = 0;
    for (bool was_killed = true; was_killed; ++kills) {
        recording_store store(chain.store(chain.size() - 2));
        store.kill_at = kills;
        was_killed = false;
        try {
            merge(chain, store);
        } catch (const killed&) {
            was_killed = true;
        }
        store.kill_at = recording_store::never;
        REQUIRE(is_same(shown_by_child(chain, store.visible()), chain.expected()));
        merge(chain, store);
        const auto check = [&](memory_store& parent, std::size_t events) {
            REQUIRE(is_same(shown_by_child(chain, parent), chain.expected()));
            if (events == store.events().size()) REQUIRE(is_same(shown_by_parent(chain, parent), chain.expected()));
        };
        power_cut(chain.store(chain.size() - 2), store.events(), static_cast<std::uint32_t>(kills), 2)
            .for_each_state(check);
    }
    CHECK(kills > 5);
}

TEST_CASE("whatever call fails, a merge says so, the child shows the same, and the next merge finishes",
          "[vhd][merge][failing_store]")
{
    const auto kind = GENERATE(parent_kind::dynamic, parent_kind::fixed, parent_kind::differencing);
    const unsigned calls = GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, any_call);
    memory_chain chain = pair_over(kind, 7);
    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store parent = chain.store(chain.size() - 2);
        failing_store store(parent, plan);
        const failure failed = failure_of([&] { merge(chain, store); });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        REQUIRE(is_same(shown_by_child(chain, parent), chain.expected()));
        merge(chain, parent);
        REQUIRE(is_same(shown_by_parent(chain, parent), chain.expected()));
        return store.has_failed();
    });
    CHECK((failures > 0 || calls == call_truncate));
}

TEST_CASE("a child that cannot be read fails a merge, and both disks stay whole", "[vhd][merge][failing_store]")
{
    memory_chain chain = pair_over(parent_kind::dynamic, 8);
    vhd::image_reader plain(chain.top(), vhd::read_layout(chain.top()), nullptr);
    bool has_failed = true;
    for (std::uint64_t successes = 0; has_failed; ++successes) {
        memory_store parent = chain.store(0);
        failing_store store(chain.top(), {.calls = call_read, .successes = successes});
        vhd::image_reader child(store, vhd::read_layout(chain.top()), nullptr);
        recording_monitor monitor;
        const failure failed = failure_of([&] {
            vhd::image target(parent);
            vhd::merge_image(child, target, monitor);
        });
        has_failed = store.has_failed();
        REQUIRE(has_failed == static_cast<bool>(failed.code));
        REQUIRE(is_same(shown_by_child(chain, parent), chain.expected()));
    }
}
