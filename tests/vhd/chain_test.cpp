// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/image_reader.hpp>

#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/vhd/array_guest.hpp"
#include "support/vhd/busy_guest.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failing_store.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/memory_chain.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

std::uint64_t data_offset(memory_store& store, std::uint32_t block)
{
    const vhd::layout disk = vhd::read_layout(store);
    return std::uint64_t{disk.table[block]} * 512 + disk.bitmap_bytes();
}

void set_bitmap(memory_store& store, std::uint32_t block, std::initializer_list<std::uint8_t> bits)
{
    std::vector<std::byte> bytes;
    for (const std::uint8_t byte : bits) bytes.push_back(std::byte{byte});
    store.write(data_offset(store, block) - vhd::read_layout(store).bitmap_bytes(), bytes);
}

/// Whether what next_data() skips is zero.
bool skips_only_zeros(vhd::guest_reader& disk, const std::vector<std::byte>& expected)
{
    for (std::uint64_t at = 0; at < disk.size(); at += 512) {
        const std::uint64_t data = disk.next_data(at);
        const auto skipped = std::span(expected).subspan(at, data - at);
        if (data < at || data % 512 != 0 || !vhd::is_zero(skipped)) return false;
    }
    return disk.next_data(disk.size()) == disk.size();
}

} // namespace

TEST_CASE("each disk of a chain shows what was written to it over what is beneath", "[vhd][chain]")
{
    memory_chain chain = used_chain(GENERATE(1U, 2U), GENERATE(false, true));
    for (std::size_t level = 0; level < chain.size(); ++level) {
        CAPTURE(level);
        CHECK(is_same(contents(chain.reader(level)), chain.expected(level)));
        CHECK(skips_only_zeros(chain.reader(level), chain.expected(level)));
        vhd::image disk(chain.store(level), level > 0 ? &chain.reader(level - 1) : nullptr);
        CHECK(is_same(contents(static_cast<vhd::guest_reader&>(disk)), chain.expected(level)));
        CHECK(skips_only_zeros(disk, chain.expected(level)));
    }
}

TEST_CASE("reads of a chain begin and end anywhere", "[vhd][chain]")
{
    memory_chain chain = used_chain(3);
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t first = random() % 2048;
        std::vector<std::byte> bytes((1 + random() % (2048 - first)) * 512);
        chain.reader(3).read(first * 512, bytes);
        REQUIRE(is_same(bytes, std::span(chain.expected()).subspan(first * 512, bytes.size())));
    }
}

TEST_CASE("where a parent ends, its child shows zeros, and of a longer one the beginning", "[vhd][chain]")
{
    const std::uint64_t size = GENERATE(512U, 40 * 1024U, 100 * 1024U);
    memory_chain chain(make_fixed_disk(noise(40 * 1024, 1)));
    chain.add_child(size, 16384);
    CHECK(is_same(contents(chain.reader(1)), chain.expected()));
    CHECK(chain.reader(1).next_data(0) == 0);
    if (size > 40 * 1024) CHECK(chain.reader(1).next_data(40 * 1024) == size);
    chain.scribble(2, 5);
    chain.reopen_top();
    CHECK(is_same(contents(chain.reader(1)), chain.expected()));
    std::array<std::byte, 512> bytes{};
    CHECK(failure_of([&] { chain.reader(1).read(size, bytes); }).code == errc::beyond_the_end);
}

TEST_CASE("a chain of a hundred is read and written", "[vhd][chain]")
{
    constexpr std::uint64_t size = 256U << 10;
    memory_chain chain(make_disk(size, 16384));
    for (std::uint32_t level = 1; level <= 100; ++level) {
        chain.scribble(level, 1);
        chain.add_child(size, 16384);
    }
    chain.scribble(101, 1);
    chain.reopen_top();
    CHECK(chain.size() == 101);
    CHECK(is_same(contents(chain.reader(100)), chain.expected()));
}

TEST_CASE("of a child's block the sectors with a set bit count, the highest bit first", "[vhd][chain]")
{
    memory_chain chain(make_fixed_disk(noise(64 * 512, 1)));
    chain.add_child(64 * 512, 32 * 512);
    {
        vhd::image disk(chain.top(), chain.beneath_top());
        disk.write(0, noise(32 * 512, 2));
        disk.flush();
    }
    set_bitmap(chain.top(), 0, {0x20, 0xFF, 0x00, 0xA1});
    auto expected = noise(64 * 512, 1);
    const auto own = noise(32 * 512, 2);
    for (const int sector : {2, 8, 9, 10, 11, 12, 13, 14, 15, 24, 26, 31})
        std::copy_n(own.begin() + sector * 512, 512, expected.begin() + sector * 512);

    vhd::image_reader reader(chain.top(), vhd::read_layout(chain.top()), chain.beneath_top());
    CHECK(is_same(contents(reader), expected));
    vhd::image disk(chain.top(), chain.beneath_top());
    CHECK(is_same(contents(static_cast<vhd::guest_reader&>(disk)), expected));

    std::vector<vhd::extent> runs;
    for (auto run = reader.next_own(0); run.length != 0; run = reader.next_own(run.end())) runs.push_back(run);
    CHECK(runs
          == std::vector<vhd::extent>{{1024, 512}, {4096, 4096}, {24 * 512, 512}, {26 * 512, 512}, {31 * 512, 512}});
}

TEST_CASE("what we write to a differencing disk sets whole bytes of its bitmaps, and shows the same", "[vhd][chain]")
{
    memory_chain chain(make_fixed_disk(noise(66 * 512, 1)));
    chain.add_child(66 * 512, 32 * 512);
    vhd::image disk(chain.top(), chain.beneath_top());
    for (const std::uint64_t sector : {3ULL, 17ULL, 64ULL}) chain.write(disk, sector * 512, noise(1024, 2));
    chain.write(disk, 30 * 512, noise(4 * 512, 3));
    disk.flush();
    chain.reopen_top();
    CHECK(is_same(contents(chain.reader(1)), chain.expected()));
    std::array<std::byte, 4> bits{};
    chain.top().read(data_offset(chain.top(), 0) - 512, bits);
    CHECK(bits == std::array{std::byte{0xFF}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}});
}

TEST_CASE("zeros written over a parent's data stay zeros", "[vhd][chain]")
{
    memory_chain chain(make_fixed_disk(noise(128 * 512, 1)));
    chain.add_child(128 * 512, 32 * 512);
    {
        vhd::image disk(chain.top(), chain.beneath_top());
        chain.write(disk, 20 * 512, std::vector<std::byte>(50 * 512));
        disk.flush();
    }
    chain.reopen_top();
    CHECK(is_same(contents(chain.reader(1)), chain.expected()));
}

TEST_CASE("the memory for reading a disk does not grow with its table", "[vhd][chain]")
{
    constexpr std::uint32_t blocks = 100'000;
    memory_chain chain(make_disk(std::uint64_t{blocks} * 512, 512));
    for (const std::uint32_t block : {0U, 20'000U, 99'999U}) {
        vhd::image disk(chain.top());
        chain.write(disk, std::uint64_t{block} * 512, noise(512, block));
        disk.flush();
    }
    chain.reopen_top();
    chain.top().bytes_read = 0;
    vhd::image_reader& reader = chain.reader(0);
    for (const std::uint32_t block : {99'999U, 0U, 20'000U, 50'000U}) {
        CAPTURE(block);
        std::array<std::byte, 512> bytes{};
        reader.read(std::uint64_t{block} * 512, bytes);
        CHECK(is_same(bytes, std::span(chain.expected()).subspan(block * std::size_t{512}, 512)));
    }
    CHECK(chain.top().bytes_read < 4 * (65536 + 1024) + 1);
}

TEST_CASE("whenever the power goes while a guest writes to a differencing disk, it finds what it has flushed",
          "[vhd][chain][power_cut]")
{
    const std::uint32_t seed = GENERATE(range(1U, is_sanitized ? 2U : 5U));
    memory_chain chain(make_fixed_disk(noise(9 * 8192, seed)));
    chain.add_child(9 * 8192, 8192);
    chain.scribble(seed, 4);
    recording_store store(chain.top());
    const busy_guest someone(store, chain.expected(), seed, chain.beneath_top());

    const auto check = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        vhd::image_reader reader(disk, vhd::read_layout(disk), chain.beneath_top());
        REQUIRE(someone.may_find(contents(reader), events));
    };
    power_cut(chain.top(), store.events(), seed, 8).for_each_state(check);
}

TEST_CASE("whatever call fails, a differencing disk shows each sector as it was or as it was written",
          "[vhd][chain][failing_store]")
{
    const unsigned calls = GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, any_call);
    const effect what = GENERATE(effect::none, effect::first_half, effect::second_half, effect::whole);
    memory_chain chain(make_fixed_disk(noise(64 * 512, 1)));
    chain.add_child(64 * 512, 16 * 512);
    chain.scribble(2, 2);
    const auto written = noise(25 * 512, 3);
    auto after = chain.expected();
    std::ranges::copy(written, after.begin() + 13 * 512);

    bool has_failed = true;
    for (std::uint64_t successes = 0; has_failed; ++successes) {
        memory_store contents_of_disk = chain.top();
        failing_store store(contents_of_disk, {.calls = calls, .successes = successes, .what_happens = what});
        const failure failed = failure_of([&] {
            vhd::image disk(store, chain.beneath_top());
            disk.write(13 * 512, written);
            disk.flush();
        });
        has_failed = store.has_failed();
        REQUIRE(has_failed == static_cast<bool>(failed.code));
        vhd::image_reader reader(contents_of_disk, vhd::read_layout(contents_of_disk), chain.beneath_top());
        const auto seen = contents(reader);
        for (std::size_t at = 0; at < seen.size(); at += 512) {
            const auto sector = std::span(seen).subspan(at, 512);
            REQUIRE((is_same(sector, std::span(chain.expected()).subspan(at, 512))
                     || is_same(sector, std::span(after).subspan(at, 512))));
        }
        if (!has_failed) CHECK(is_same(seen, after));
    }
}
