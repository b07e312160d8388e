// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/image_info.hpp>
#include <vmtask/vhd/layout.hpp>

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/memory_store.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

constexpr std::uint32_t stored_sectors = small_block / 512 + 1;

std::error_code refusal_of(vhd::byte_store& store)
{
    return failure_of([&] { (void)vhd::read_layout(store); }).code;
}

/// Ten blocks, of which two have a place, one right behind the other.
memory_store two_block_disk()
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0, 1});
    return store;
}

} // namespace

TEST_CASE("a new disk is found as it was made", "[vhd][layout]")
{
    memory_store store = make_disk(10 * small_block - 512);
    const vhd::layout disk = vhd::read_layout(store);

    CHECK(disk.file_size == 2560);
    CHECK(disk.footer.current_size == 10 * small_block - 512);
    CHECK(disk.leading_footer_valid);
    CHECK(disk.trailing_footer_valid);
    CHECK(disk.table == std::vector<std::uint32_t>(10, vhd::unallocated));
    CHECK(disk.allocated_blocks() == 0);
    CHECK(disk.end_of_table() == 2048);
}

TEST_CASE("the footer at the end counts, else the copy at the start", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    vhd::sector other = vhd::encode([&] {
        vhd::disk_footer footer = vhd::read_layout(store).footer;
        footer.timestamp = 4711;
        return footer;
    }());
    store.write(0, other);
    CHECK(vhd::read_layout(store).footer.timestamp != 4711);

    spoil(store, store.size() - 100);
    CHECK(vhd::read_layout(store).footer.timestamp == 4711);
    CHECK(vhd::describe(vhd::read_layout(store)).footer == vhd::footer_source::copy_at_start);

    spoil(store, 100);
    CHECK(refusal_of(store) == errc::bad_footer_checksum);
}

TEST_CASE("a file that ends without a footer is found by the copy at the start", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    store.truncate(store.size() - 512);
    CHECK(vhd::read_layout(store).allocated_blocks() == 2);
    store.truncate(store.size() - 512);
    CHECK(refusal_of(store) == errc::block_out_of_range);
}

TEST_CASE("a file without both footers is no image", "[vhd][layout]")
{
    memory_store store(100 << 10);
    CHECK(refusal_of(store) == errc::not_a_vhd);
    store.write(5000, noise(9000, 1));
    CHECK(refusal_of(store) == errc::not_a_vhd);
}

TEST_CASE("an empty file and one shorter than a footer are told apart", "[vhd][layout]")
{
    memory_store empty;
    CHECK(refusal_of(empty) == errc::empty_file);
    memory_store stub(511);
    CHECK(refusal_of(stub) == errc::file_too_short);
}

TEST_CASE("an image cut anywhere is refused or whole", "[vhd][layout]")
{
    const memory_store whole = two_block_disk();
    memory_store copy = whole;
    const std::uint64_t size = copy.size();
    for (std::uint64_t cut = 1; cut < size; cut += cut < 4096 ? 37 : 5003) {
        memory_store store = whole;
        store.truncate(size - cut);
        REQUIRE((refusal_of(store) || cut <= 512));
    }
    // Not even the header is left.
    copy.truncate(512);
    CHECK(refusal_of(copy) == errc::bad_header);
}

TEST_CASE("a footer of 511 bytes is recognised and refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    const std::uint64_t size = store.size();
    store.truncate(size - 1);
    spoil(store, 100);
    CHECK(refusal_of(store) == errc::old_footer);
}

TEST_CASE("a footer of another version or type is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    SECTION("version")
    {
        change_footer(store, [](vhd::disk_footer& footer) { footer.version = 0x0002'0000; });
        CHECK(refusal_of(store) == errc::unsupported_version);
    }
    SECTION("type")
    {
        const auto type = GENERATE(0U, 1U, 5U, 6U, 7U, 0xFFFFFFFFU);
        change_footer(store, [=](vhd::disk_footer& footer) { footer.type = static_cast<vhd::disk_type>(type); });
        CHECK(refusal_of(store) == errc::unsupported_type);
    }
}

TEST_CASE("a size that the disk cannot have is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    const auto [size, expected] = GENERATE(table<std::uint64_t, errc>({
        {0, errc::bad_size},
        {1000, errc::bad_size},
        {10 * small_block + 512, errc::bad_table},
        {~0ULL - 511, errc::bad_table},
    }));
    change_footer(store, [disk_size = size](vhd::disk_footer& footer) { footer.current_size = disk_size; });
    CHECK(refusal_of(store) == expected);
}

TEST_CASE("a fixed disk that is longer than its file is refused", "[vhd][layout]")
{
    memory_store store = make_fixed_disk(noise(8192, 1));
    CHECK(vhd::read_layout(store).footer.type == vhd::disk_type::fixed);
    const std::uint64_t size = GENERATE(8704ULL, ~0ULL - 511);
    change_footer(store, [=](vhd::disk_footer& footer) { footer.current_size = size; });
    CHECK(refusal_of(store) == errc::bad_size);
}

TEST_CASE("what looks like a footer in the data of a fixed disk is none", "[vhd][layout]")
{
    memory_store inner = make_fixed_disk(noise(512, 1));
    std::vector<std::byte> data(inner.size());
    inner.read(0, data);
    std::rotate(data.begin(), data.begin() + 512, data.end());

    memory_store store = make_fixed_disk(data);
    CHECK(vhd::read_layout(store).footer.current_size == 1024);
    spoil(store, 1024 + 60);
    CHECK(refusal_of(store) == errc::bad_footer_checksum);
}

TEST_CASE("a header that is damaged or elsewhere is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    SECTION("checksum")
    {
        spoil(store, 512 + 700);
        CHECK(refusal_of(store) == errc::bad_header_checksum);
    }
    SECTION("cookie")
    {
        spoil(store, 512);
        CHECK(refusal_of(store) == errc::bad_header);
    }
    SECTION("version")
    {
        change_header(store, [](vhd::dynamic_header& header) { header.version = 0x0002'0000; });
        CHECK(refusal_of(store) == errc::unsupported_version);
    }
    SECTION("offset")
    {
        const std::uint64_t size = store.size();
        const std::uint64_t offset = GENERATE_COPY(size - 1024, size, 0ULL, 511ULL, 513ULL, ~0ULL - 511, ~0ULL);
        change_footer(store, [=](vhd::disk_footer& footer) { footer.data_offset = offset; });
        CHECK(refusal_of(store) == errc::bad_header);
    }
}

TEST_CASE("a block size that is no power of two is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    const std::uint32_t size = GENERATE(0U, 1U, 256U, 3U << 20, 0xFFFFFFFFU);
    change_header(store, [=](vhd::dynamic_header& header) { header.block_size = size; });
    CHECK(refusal_of(store) == errc::bad_block_size);
}

TEST_CASE("a table that does not fit is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    SECTION("into the file")
    {
        const std::uint64_t size = store.size();
        const std::uint64_t offset = GENERATE_COPY(size - 512, size, 1537ULL, ~0ULL - 511, ~0ULL);
        change_header(store, [=](vhd::dynamic_header& header) { header.table_offset = offset; });
        CHECK(refusal_of(store) == errc::bad_table);
    }
    SECTION("the disk")
    {
        change_header(store, [](vhd::dynamic_header& header) { header.max_table_entries = 9; });
        CHECK(refusal_of(store) == errc::bad_table);
    }
    SECTION("by its length")
    {
        change_header(store, [](vhd::dynamic_header& header) { header.max_table_entries = 0xFFFFFFFF; });
        CHECK(refusal_of(store) == errc::bad_table);
    }
    SECTION("beside the header")
    {
        const std::uint64_t offset = GENERATE(0U, 512U, 1024U);
        change_header(store, [=](vhd::dynamic_header& header) { header.table_offset = offset; });
        CHECK(refusal_of(store) == errc::metadata_overlaps);
    }
}

TEST_CASE("a table too large for us is refused before it is read", "[vhd][layout]")
{
    memory_store store = make_disk(10 * small_block);
    store.truncate(40 << 20);
    change_header(store, [](vhd::dynamic_header& header) { header.max_table_entries = vhd::largest_table + 1; });
    const std::uint64_t before = store.bytes_read;
    CHECK(refusal_of(store) == errc::table_too_large);
    CHECK(store.bytes_read - before < 4096);
}

TEST_CASE("a block outside the file is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    const auto sectors = static_cast<std::uint32_t>(store.size() / 512);
    // One over the footer, one a sector less than whole, the largest there is.
    const std::uint32_t place = GENERATE_COPY(sectors - stored_sectors, sectors - 1, sectors, 0xFFFFFFFEU);
    set_entry(store, 5, place);
    CHECK(refusal_of(store) == errc::block_out_of_range);
}

TEST_CASE("the last block may end where the footer begins", "[vhd][layout]")
{
    memory_store store = make_disk(10 * small_block);
    store.truncate(4096 + stored_sectors * 512);
    const auto sectors = static_cast<std::uint32_t>(store.size() / 512);
    vhd::sector footer{};
    store.read(0, footer);
    store.write(store.size() - 512, footer);
    set_entry(store, 5, sectors - 1 - stored_sectors);
    CHECK_FALSE(refusal_of(store));
}

TEST_CASE("a block over footer, header or table is refused", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    set_entry(store, 5, GENERATE(0U, 1U, 2U, 3U));
    CHECK(refusal_of(store) == errc::metadata_overlaps);
}

TEST_CASE("blocks that overlap are refused, blocks side by side are not", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    store.truncate(store.size() + 4 * small_block);
    const std::uint32_t first = vhd::read_layout(store).table[0];
    const std::uint32_t distance = GENERATE(0U, 1U, stored_sectors - 1);
    set_entry(store, 1, first + 2 * stored_sectors);
    set_entry(store, 5, first + 2 * stored_sectors - distance);
    CHECK(refusal_of(store) == errc::blocks_overlap);
    set_entry(store, 5, first + stored_sectors);
    CHECK_FALSE(refusal_of(store));
}

TEST_CASE("a refusal says in one line which file, what is wrong and what to do", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    set_entry(store, 5, 0xFFFFFFFE);
    CHECK(failure_of([&] { (void)vhd::read_layout(store); }).what
          == "memory.vhd: block 5 at sector 4294967294: the block table points outside the file, which may have been "
             "cut; restore the image from a backup");
}

TEST_CASE("a description says what the image says", "[vhd][layout]")
{
    memory_store store = two_block_disk();
    change_footer(store, [](vhd::disk_footer& footer) {
        footer.timestamp = 86400;
        footer.creator_application = {'v', 'b', '\x1b', ' '};
        footer.creator_version = 0x0005'0003;
        footer.original_size = 512;
        footer.saved_state = 1;
    });
    const vhd::image_info info = vhd::describe(vhd::read_layout(store));

    CHECK(vhd::to_string(info.type) == "dynamic");
    CHECK(info.virtual_size == 10 * small_block);
    CHECK(info.original_size == 512);
    CHECK(info.file_size == store.size());
    CHECK(info.block_size == small_block);
    CHECK(info.blocks == 10);
    CHECK(info.blocks_allocated == 2);
    CHECK(info.creator == "vb?");
    CHECK(info.creator_major == 5);
    CHECK(info.creator_minor == 3);
    CHECK(info.creator_host_os == "Wi2k");
    CHECK(info.created_at == std::chrono::sys_days{std::chrono::year{2000} / 1 / 2});
    CHECK(info.saved_state);
    CHECK(info.footer == vhd::footer_source::end);
}
