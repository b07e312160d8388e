// SPDX-License-Identifier: BSL-1.0

// Every call to the store fails once, in every way, and what remains is looked
// at: is the disk whole, and was the failure told?

#include "support/vhd/failing_store.hpp"

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/image.hpp>

#include "support/catch.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;

namespace {

vhd::compact_report compact(vhd::byte_store& store, std::uint32_t block_size)
{
    recording_monitor monitor;
    return vhd::compact_image(store, monitor, {.batch_bytes = 2 * vhd::stored_block_bytes(block_size)});
}

} // namespace

TEST_CASE("whatever call fails, compact says so, the disk is whole, and the next run finishes",
          "[vhd][compact][failing_store]")
{
    const unsigned calls =
        GENERATE(as<unsigned>(), call_read, call_write, call_flush, call_truncate, call_look, any_call);
    const scattered_disk original(
        {.seed = 3, .block_size = 2048, .has = GENERATE(footers::both, footers::at_start, footers::at_end)});
    memory_store undisturbed = original.store;
    REQUIRE(compact(undisturbed, 2048).blocks_moved > 2);

    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store disk = original.store;
        failing_store store(disk, plan);
        const failure failed = failure_of([&] { compact(store, 2048); });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        REQUIRE(what_is_wrong(disk, original.expected) == "");

        compact(disk, 2048);
        REQUIRE(what_is_wrong(disk, original.expected) == "");
        REQUIRE(disk.size() == undisturbed.size());
        return store.has_failed();
    });
    CHECK(failures > 0);
}

TEST_CASE("whatever call fails, a create says so, and what is there is no disk or a whole one",
          "[vhd][create][failing_store]")
{
    const unsigned calls = GENERATE(as<unsigned>(), call_write, call_flush, any_call);
    const vhd::create_options options{.size_bytes = 200 * 512, .block_size_bytes = 512};
    const std::vector<std::byte> empty(options.size_bytes);

    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store disk;
        failing_store store(disk, plan);
        const failure failed = failure_of([&] { vhd::create_image(store, options); });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        if (!failure_of([&] { (void)vhd::read_layout(disk); }).code) REQUIRE(what_is_wrong(disk, empty) == "");
        return store.has_failed();
    });
    CHECK(failures > 0);
}

namespace {

/// A guest that makes 40 requests, small and large, some to flush, and tries
/// again what failed: writes at once, a flush at the end.
///
/// Returns what it should read afterwards. Nothing but `error` may be reported.
std::vector<std::byte> use_disk(vhd::image& disk, std::vector<std::byte> expected, std::errc error)
{
    const auto patiently = [&](const std::function<void()>& request) {
        const failure failed = failure_of(request);
        REQUIRE((!failed.code || failed.code == error));
        return !failed.code;
    };
    std::mt19937 random(11);
    for (int i = 0; i < 40; ++i) {
        if (i % 4 == 3) {
            (void)patiently([&] { disk.flush(); });
            continue;
        }
        const std::uint64_t offset = random() % (expected.size() / 512) * 512;
        const std::uint64_t length = std::min<std::uint64_t>((1 + random() % 3) * 512, expected.size() - offset);
        const auto bytes = noise(length, static_cast<std::uint32_t>(random()));
        while (!patiently([&] { disk.write(offset, bytes); })) {
        }
        put(expected, offset, bytes);
    }
    while (!patiently([&] { disk.flush(); })) {
    }
    return expected;
}

} // namespace

TEST_CASE("a guest that tries again after a failure loses nothing", "[vhd][image][failing_store]")
{
    scattered_disk original(
        {.seed = 5, .block_size = 2048, .has = GENERATE(footers::both, footers::at_start, footers::at_end)});
    if (GENERATE(false, true)) {
        original.expected = std::vector<std::byte>(3 * 16384 - 512);
        original.store = make_disk(original.expected.size(), 16384);
    }

    const std::uint64_t failures = fail_everywhere(any_call, [&](fault plan) {
        if (plan.for_ever) return false;
        INFO(text_of(plan));
        memory_store contents_of_disk = original.store;
        failing_store store(contents_of_disk, plan);
        std::optional<vhd::image> disk;
        (void)failure_of([&] { disk.emplace(store); });
        if (!disk) disk.emplace(store);
        const auto expected = use_disk(*disk, original.expected, plan.error);

        std::vector<std::byte> seen(expected.size());
        if (failure_of([&] { disk->read(0, seen); }).code) disk->read(0, seen);
        REQUIRE(is_same(seen, expected));
        REQUIRE(what_is_wrong(contents_of_disk, expected) == "");
        return store.has_failed();
    });
    CHECK(failures > 0);
}

TEST_CASE("a disk whose store fails for ever keeps what was flushed before", "[vhd][image][failing_store]")
{
    const unsigned calls = GENERATE(as<unsigned>(), call_write, call_flush, call_truncate, any_call);
    memory_store original = make_disk(12 * 2048, 2048);
    fill_blocks(original, {7, 1, 2});
    const std::uint64_t somewhere = 2 * 2048;
    const auto added = noise(4096, 1);
    auto expected = contents(original);
    put(expected, somewhere, added);

    const std::uint64_t failures = fail_everywhere(calls, [&](const fault& plan) {
        INFO(text_of(plan));
        memory_store contents_of_disk = original;
        failing_store store(contents_of_disk, plan);
        const failure failed = failure_of([&] {
            vhd::image disk(store);
            disk.write(somewhere, added);
            disk.flush();
        });
        REQUIRE(failed.code == (store.has_failed() ? std::make_error_code(plan.error) : std::error_code()));
        auto seen = contents(contents_of_disk);
        put(seen, somewhere, added);
        REQUIRE(is_same(seen, expected));
        return store.has_failed();
    });
    CHECK(failures > 0);
}
