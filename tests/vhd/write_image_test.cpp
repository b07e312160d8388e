// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/write_image.hpp>

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/raw_reader.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"
#include "support/vhd/array_guest.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/guest.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_monitor.hpp"
#include "support/vhd/recording_store.hpp"
#include "support/vhd/scattered_disk.hpp"
#include "support/vhd/verdict.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;
using vhd::image_format;

namespace {

/// Three stretches of noise, one of them a sector, between zeros.
std::vector<std::byte> patchy(std::size_t size)
{
    std::vector<std::byte> data(size);
    std::ranges::copy(noise(size / 5 / 512 * 512, 1), data.begin());
    std::ranges::copy(noise(512, 2), data.begin() + static_cast<std::ptrdiff_t>(size / 2 / 512 * 512));
    std::ranges::copy(noise(512 * 9, 3), data.end() - 512 * 9);
    return data;
}

vhd::write_report write(vhd::byte_store& store, vhd::guest_reader& guest, const vhd::write_options& options)
{
    recording_monitor monitor;
    const vhd::write_report report = vhd::write_image(store, guest, options, monitor);
    CHECK_FALSE(monitor.fell_or_changed);
    CHECK(monitor.done == guest.size());
    CHECK(monitor.total == guest.size());
    return report;
}

std::vector<std::byte> all_of(vhd::guest_reader& guest)
{
    std::vector<std::byte> data(guest.size());
    guest.read(0, data);
    return data;
}

/// A guest full of data that knows how much of it was read, by whatever thread.
class counting_guest final : public vhd::guest_reader {
public:
    [[nodiscard]] std::uint64_t size() const override { return 40U << 20; }
    void read(std::uint64_t offset, std::span<std::byte> into) override
    {
        std::memset(into.data(), 1, into.size());
        bytes_read = offset + into.size();
    }
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override { return offset; }

    std::atomic<std::uint64_t> bytes_read{0};
};

} // namespace

TEST_CASE("what is read ahead of what is written has a bound", "[vhd][convert][memory]")
{
    class slow_store final : public memory_store {
    public:
        explicit slow_store(counting_guest& guest) : guest_(guest) {}
        void write(std::uint64_t offset, std::span<const std::byte> from) override
        {
            // All that may be read without this write is there before it is made.
            const std::uint64_t limit = std::min<std::uint64_t>(offset + (8U << 20), guest_.size());
            if (offset % (2U << 20) == 0 && offset < guest_.size())
                for (const auto end = std::chrono::steady_clock::now() + patience;
                     guest_.bytes_read < limit && std::chrono::steady_clock::now() < end;)
                    std::this_thread::yield();
            most = std::max<std::uint64_t>(most, guest_.bytes_read - std::min(offset, guest_.size()));
            memory_store::write(offset, from);
        }
        std::uint64_t most = 0;

    private:
        counting_guest& guest_;
    };
    counting_guest guest;
    slow_store store(guest);
    write(store, guest, {.format = image_format::raw, .sparse = true});
    CHECK(store.most == 8U << 20);
    CHECK(store.size() == guest.size());
}

TEST_CASE("what is written as an image of any format is what the guest reads", "[vhd][write]")
{
    const std::size_t size = GENERATE(512U * 9, 65536U, 300U * 1024 + 512, 5U << 20);
    const auto format = GENERATE(image_format::raw, image_format::fixed, image_format::dynamic);
    const bool sparse = GENERATE(false, true);
    const std::uint32_t block_size = format == image_format::dynamic ? GENERATE(512U, 4096U, 65536U, 2U << 20) : 0U;
    array_guest guest(patchy(size));
    memory_store store;
    const auto report = write(store, guest, {.format = format, .sparse = sparse, .block_size_bytes = block_size});

    CHECK(report.virtual_size == size);
    CHECK(report.file_size == store.size());
    if (format == image_format::raw) {
        vhd::raw_reader disk(store);
        CHECK(is_same(all_of(disk), all_of(guest)));
    } else {
        vhd::image disk(store);
        CHECK(disk.type() == (format == image_format::fixed ? vhd::disk_type::fixed : vhd::disk_type::dynamic));
        CHECK(is_same(all_of(disk), all_of(guest)));
        CHECK(report.geometry == disk.layout().footer.geometry);
    }
    if (format == image_format::dynamic) CHECK(what_is_wrong(store, all_of(guest)) == "");
}

TEST_CASE("blocks without data get no place, and zeros stay holes where they may", "[vhd][write]")
{
    std::vector<std::byte> data(16U << 20);
    std::ranges::copy(noise(4096, 1), data.begin() + (5 << 20));
    array_guest guest(data);
    memory_store dynamic;
    const auto report = write(dynamic, guest, {.format = image_format::dynamic});
    CHECK(report.blocks_allocated == 1);
    CHECK(vhd::read_layout(dynamic).allocated_blocks() == 1);
    CHECK(dynamic.allocated_bytes() < 128U << 10);
    CHECK(report.bytes_written <= 64U << 10);
    CHECK(guest.bytes_read <= 2U << 20);

    memory_store sparse;
    write(sparse, guest, {.format = image_format::fixed, .sparse = true});
    CHECK(sparse.allocated_bytes() < 128U << 10);
    memory_store full;
    write(full, guest, {.format = image_format::fixed});
    CHECK(full.allocated_bytes() > 16U << 20);
}

TEST_CASE("blocks are placed so that their data begins at whole pages", "[vhd][write]")
{
    array_guest guest(noise(4U << 20, 1));
    memory_store store;
    write(store, guest, {.format = image_format::dynamic, .block_size_bytes = 512U << 10});
    const vhd::layout disk = vhd::read_layout(store);
    for (const std::uint32_t place : disk.table) CHECK((place * std::uint64_t{512} + 512) % 4096 == 0);
}

TEST_CASE("what cannot be a disk is refused before the first write", "[vhd][write]")
{
    memory_store store;
    array_guest nothing({});
    array_guest small(std::vector<std::byte>(512));
    recording_monitor monitor;
    const auto refused = [&](vhd::guest_reader& guest, const vhd::write_options& options) {
        return failure_of([&] { vhd::write_image(store, guest, options, monitor); }).code;
    };
    CHECK(refused(nothing, {}) == errc::invalid_size);
    CHECK(refused(small, {.block_size_bytes = 1000}) == errc::invalid_block_size);
    CHECK(store.writes + store.truncations == 0);
}

TEST_CASE("a format that there is not is refused before the first write", "[vhd][write]")
{
    memory_store store;
    array_guest guest(patchy(1 << 20));
    recording_monitor monitor;
    const vhd::write_options wanted{.format = static_cast<image_format>(77)};
    CHECK(failure_of([&] { vhd::write_image(store, guest, wanted, monitor); }).code == errc::unsupported_type);
    CHECK(store.writes + store.truncations == 0);
}

TEST_CASE("a raw disk that ends within a sector reads as zeros to its end", "[vhd][write]")
{
    memory_store store;
    const auto bytes = noise(1000, 1);
    store.write(0, bytes);
    vhd::raw_reader disk(store);
    REQUIRE(disk.size() == 1024);
    auto expected = bytes;
    expected.resize(1024);
    CHECK(is_same(all_of(disk), expected));
    CHECK(disk.next_data(512) == 512);
    CHECK(disk.next_data(1024) == 1024);
    std::vector<std::byte> sector(512);
    disk.read(512, sector);
    CHECK(failure_of([&] { disk.read(100, sector); }).code == errc::unaligned_access);
    CHECK(failure_of([&] { disk.read(1024, sector); }).code == errc::beyond_the_end);
    memory_store nothing;
    CHECK(failure_of([&] { (void)vhd::raw_reader(nothing); }).code == errc::empty_file);
}

TEST_CASE("an image knows where there may be data", "[vhd][image]")
{
    memory_store store = make_disk(20 * small_block + 512);
    fill_blocks(store, {3});
    vhd::image disk(store);
    CHECK(disk.next_data(0) == 3 * small_block);
    CHECK(disk.next_data(3 * small_block + 512) == 3 * small_block + 512);
    CHECK(disk.next_data(4 * small_block) == disk.size());
    CHECK(disk.next_data(disk.size()) == disk.size());

    const scattered_disk other({.seed = GENERATE(1U, 2U, 3U), .block_size = 8192});
    memory_store scattered = other.store;
    vhd::image found(scattered);
    for (std::uint64_t at = 0; at < found.size(); at += 512) {
        const std::uint64_t next = found.next_data(at);
        REQUIRE(next % 512 == 0);
        REQUIRE(next <= found.size());
        REQUIRE(vhd::is_zero(std::span(other.expected).subspan(at, next - at)));
    }
}

TEST_CASE("whenever the power goes while an image is written, there is none or a whole one", "[vhd][write][power_cut]")
{
    const auto format = GENERATE(image_format::fixed, image_format::dynamic);
    const auto data = patchy(40 * 1024 + 512);
    array_guest guest(data);
    recording_store store{memory_store()};
    write(store, guest, {.format = format, .sparse = GENERATE(false, true), .block_size_bytes = 2048});

    std::size_t whole = 0;
    const auto check = [&](memory_store& disk, std::size_t events) {
        INFO("after " << events << " of " << store.events().size() << " events");
        const bool is_disk = !failure_of([&] { (void)vhd::read_layout(disk); }).code;
        if (is_disk) REQUIRE(is_same(contents(disk), data));
        if (is_disk) ++whole;
        if (events == store.events().size()) REQUIRE(is_disk);
    };
    power_cut(memory_store(), store.events(), 1, 20).for_each_state(check);
    CHECK(whole > 0);
}
