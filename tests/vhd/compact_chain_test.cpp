// SPDX-License-Identifier: BSL-1.0

// Compacting a differencing disk: what must go, and what must stay.

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
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
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

constexpr std::uint32_t block = 8192;

vhd::compact_report compact(vhd::byte_store& store, vhd::guest_reader* parent)
{
    recording_monitor monitor;
    return vhd::compact_image(store, monitor, {.batch_bytes = 2 * vhd::stored_block_bytes(block)}, parent);
}

std::vector<std::byte> shown(memory_chain& chain, vhd::byte_store& store)
{
    vhd::image_reader reader(store, vhd::read_layout(store), chain.beneath_top());
    return contents(reader);
}

std::vector<std::byte> part_of(const std::vector<std::byte>& data, std::size_t offset, std::size_t length)
{
    return {data.begin() + static_cast<std::ptrdiff_t>(offset),
            data.begin() + static_cast<std::ptrdiff_t>(offset + length)};
}

/// A parent whose first half is noise and whose second half is zeros, and a child
/// of ten blocks and a part of one. Of the child's blocks 1, 6 and 10 show what
/// the parent does, 2 is zeros over data, 7 is data over zeros, 0 and 4 are new.
memory_chain worn_chain()
{
    const std::size_t size = 10 * block + 1536;
    auto data = noise(size, 1);
    std::fill(data.begin() + 5 * block, data.end(), std::byte{});
    memory_chain chain(make_fixed_disk(data));
    chain.add_child(size, block);
    vhd::image disk(chain.top(), chain.beneath_top());
    chain.write(disk, 1 * block, part_of(data, 1 * block, block));
    chain.write(disk, 2 * block, std::vector<std::byte>(block));
    chain.write(disk, 0, noise(block, 2));
    chain.write(disk, 6 * block, std::vector<std::byte>(block));
    chain.write(disk, 7 * block + 512, noise(512, 3));
    chain.write(disk, 10 * block, std::vector<std::byte>(1536));
    chain.write(disk, 4 * block + 2048, noise(512, 4));
    disk.flush();
    return chain;
}

} // namespace

TEST_CASE("a block goes only if the parent shows the same", "[vhd][compact][chain]")
{
    memory_chain chain = worn_chain();
    REQUIRE(vhd::read_layout(chain.top()).allocated_blocks() == 7);
    const auto done = compact(chain.top(), chain.beneath_top());
    CHECK(done.blocks_freed == 3);
    CHECK(done.file_size_after < done.file_size_before);
    const vhd::layout disk = vhd::read_layout(chain.top());
    for (const std::uint32_t kept : {0U, 2U, 4U, 7U}) CHECK(disk.table[kept] != vhd::unallocated);
    for (const std::uint32_t freed : {1U, 6U, 10U}) CHECK(disk.table[freed] == vhd::unallocated);
    CHECK(is_same(shown(chain, chain.top()), chain.expected()));
    const memory_store compacted = chain.top();
    CHECK(compact(chain.top(), chain.beneath_top()).bytes_written == 0);
    CHECK(chain.top().same_bytes(compacted));
}

TEST_CASE("a block that leaves all its sectors to the parent goes, whatever lies in it", "[vhd][compact][chain]")
{
    memory_chain chain = worn_chain();
    const vhd::layout disk = vhd::read_layout(chain.top());
    chain.top().write(std::uint64_t{disk.table[0]} * 512, std::vector<std::byte>(512));
    CHECK(compact(chain.top(), chain.beneath_top()).blocks_freed == 4);
}

TEST_CASE("a differencing disk is not compacted without its parent", "[vhd][compact][chain]")
{
    memory_chain chain = worn_chain();
    const memory_store before = chain.top();
    CHECK(failure_of([&] { compact(chain.top(), nullptr); }).code == errc::differencing_disk);
    CHECK(chain.top().same_bytes(before));
}

TEST_CASE("a compact of a differencing disk stops between any two blocks, and is finished by the next",
          "[vhd][compact][chain]")
{
    memory_chain chain = worn_chain();
    bool was_stopped = true;
    std::uint64_t at = 0;
    for (; was_stopped; ++at) {
        memory_store disk = chain.top();
        recording_monitor monitor;
        monitor.stop_at_checkpoint = at;
        const vhd::compact_options options{.batch_bytes = block};
        was_stopped = failure_of([&] { vhd::compact_image(disk, monitor, options, chain.beneath_top()); }).code
            == std::errc::operation_canceled;
        REQUIRE(is_same(shown(chain, disk), chain.expected()));
        compact(disk, chain.beneath_top());
        REQUIRE(is_same(shown(chain, disk), chain.expected()));
    }
    CHECK(at > 7);
}

TEST_CASE("whenever the power goes during a compact of a differencing disk, it shows the same",
          "[vhd][compact][chain][power_cut]")
{
    memory_chain chain = worn_chain();
    recording_store store(chain.top());
    REQUIRE(compact(store, chain.beneath_top()).blocks_moved > 0);
    std::size_t states = 0;
    power_cut(chain.top(), store.events(), GENERATE(1U, 2U, 3U), 8)
        .for_each_state([&](memory_store& disk, std::size_t events) {
            INFO("after " << events << " of " << store.events().size() << " events");
            ++states;
            REQUIRE(is_same(shown(chain, disk), chain.expected()));
            compact(disk, chain.beneath_top());
            REQUIRE(is_same(shown(chain, disk), chain.expected()));
            REQUIRE(disk.size() == store.visible().size());
        });
    CHECK(states > 50);
}

TEST_CASE("whatever call fails, a compact of a differencing disk says so, and it shows the same",
          "[vhd][compact][chain][failing_store]")
{
    const unsigned calls = GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, any_call);
    const effect what = GENERATE(effect::none, effect::first_half, effect::second_half, effect::whole);
    memory_chain chain = worn_chain();
    bool has_failed = true;
    for (std::uint64_t successes = 0; has_failed; ++successes) {
        memory_store disk = chain.top();
        failing_store store(disk, {.calls = calls, .successes = successes, .what_happens = what});
        const failure failed = failure_of([&] { compact(store, chain.beneath_top()); });
        has_failed = store.has_failed();
        REQUIRE(has_failed == static_cast<bool>(failed.code));
        REQUIRE(is_same(shown(chain, disk), chain.expected()));
        compact(disk, chain.beneath_top());
        REQUIRE(is_same(shown(chain, disk), chain.expected()));
    }
}
