// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/parent_reference.hpp>

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/error.hpp>

#include "core/utf16.hpp"

#include "support/catch.hpp"
#include "support/vhd/disk.hpp"
#include "support/vhd/failure.hpp"
#include "support/vhd/power_cut.hpp"
#include "support/vhd/recording_store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace vmtask;
using namespace vmtask::test;
using vhd::errc;

namespace {

vhd::create_options child_of(const vhd::parent_reference& parent)
{
    vhd::create_options options{.size_bytes = 1U << 20, .block_size_bytes = small_block};
    options.parent = parent;
    return options;
}

std::string utf16(std::string_view text, bool big_endian = false)
{
    std::string bytes;
    for (const char letter : text) {
        if (big_endian) bytes += '\0';
        bytes += letter;
        if (!big_endian) bytes += '\0';
    }
    return bytes;
}

/// What is read of a child with this one locator.
vhd::parent_reference read_with(std::uint32_t code, const std::string& text, std::uint32_t space)
{
    memory_store store;
    vhd::create_image(store, child_of({.relative_paths = {std::string(200, 'x')}}));
    change_header(store, [&](vhd::dynamic_header& header) {
        store.write(header.parent_locators[0].data_offset, std::as_bytes(std::span(text)));
        header.parent_locators[0].code = code;
        header.parent_locators[0].data_space = space;
        header.parent_locators[0].data_length = static_cast<std::uint32_t>(text.size());
    });
    return vhd::read_parent_reference(store, vhd::read_layout(store));
}

constexpr std::uint32_t w2ru = 0x57327275;
constexpr std::uint32_t w2ku = 0x57326B75;
constexpr std::uint32_t macx = 0x4D616358;
constexpr std::uint32_t wi2r = 0x57693272;

} // namespace

TEST_CASE("what a new differencing disk says of its parent is read back", "[vhd][chain]")
{
    const vhd::parent_reference parent{.id = vhd::make_uuid(),
                                       .timestamp = 700'000'000,
                                       .name = "Grundgerüst \U0001F4BE.vhd",
                                       .relative_paths = {".\\..\\Grundgerüst \U0001F4BE.vhd"},
                                       .absolute_paths = {"/disks/" + std::string(700, 'a') + "/ü.vhd"}};
    memory_store store;
    const auto made = vhd::create_image(store, child_of(parent));
    CHECK(made.file_size == store.size());
    const vhd::layout disk = vhd::read_layout(store);
    CHECK(disk.footer.type == vhd::disk_type::differencing);
    CHECK(disk.leading_footer_valid);
    CHECK(disk.trailing_footer_valid);
    CHECK(vhd::read_parent_reference(store, disk) == parent);
    CHECK(disk.header.parent_locators[0].code == w2ru);
    CHECK(disk.header.parent_locators[1].code == w2ku);
    CHECK(disk.header.parent_locators[1].data_space == 1536);
}

TEST_CASE("every notation of a parent's path is read, however its space is counted", "[vhd][chain]")
{
    const std::uint32_t space = GENERATE(1U, 512U, 0U);
    CHECK(read_with(w2ru, utf16(".\\a.vhd"), space).relative_paths == std::vector<std::string>{".\\a.vhd"});
    CHECK(read_with(w2ru, utf16(".\\a.vhd", true), space).relative_paths == std::vector<std::string>{".\\a.vhd"});
    CHECK(read_with(w2ku, utf16("C:\\a.vhd"), space).absolute_paths == std::vector<std::string>{"C:\\a.vhd"});
    CHECK(read_with(wi2r, "a.vhd", space).relative_paths == std::vector<std::string>{"a.vhd"});
    CHECK(read_with(macx, "file:///x/a%20b.vhd", space).absolute_paths == std::vector<std::string>{"/x/a b.vhd"});
    CHECK(read_with(macx, "file://localhost/a.vhd", space).absolute_paths == std::vector<std::string>{"/a.vhd"});
    CHECK(read_with(macx, "file://./a%2.vhd", space).relative_paths == std::vector<std::string>{"./a%2.vhd"});
}

TEST_CASE("a path ends with its length or a zero, whichever comes first", "[vhd][chain]")
{
    CHECK(read_with(w2ru, utf16(std::string_view("a\0b", 3)), 1).relative_paths == std::vector<std::string>{"a"});
    CHECK(read_with(w2ru, utf16("ab") + "c", 1).relative_paths == std::vector<std::string>{"ab"});
}

TEST_CASE("locators that make no sense are left out", "[vhd][chain]")
{
    const std::vector<std::string> none;
    CHECK(read_with(0x4D616320, "an alias", 1).relative_paths == none);
    CHECK(read_with(w2ru, "", 1).relative_paths == none);
    memory_store store;
    vhd::create_image(store, child_of({.relative_paths = {"a.vhd"}}));
    for (const std::uint64_t offset : {store.size() - 1, store.size() + 1, ~std::uint64_t{0}}) {
        change_header(store, [&](vhd::dynamic_header& header) { header.parent_locators[0].data_offset = offset; });
        CHECK(vhd::read_parent_reference(store, vhd::read_layout(store)).relative_paths == none);
    }
}

TEST_CASE("whenever the power goes during a create of a differencing disk, there is none or a whole one",
          "[vhd][chain][create][power_cut]")
{
    const vhd::parent_reference parent{
        .id = vhd::make_uuid(), .name = "p.vhd", .relative_paths = {".\\p.vhd"}, .absolute_paths = {"/p.vhd"}};
    recording_store store{memory_store()};
    vhd::create_image(store, child_of(parent));
    std::size_t finished = 0;
    power_cut(memory_store(), store.events(), 1, 30).for_each_state([&](memory_store& disk, std::size_t events) {
        const bool is_disk = !failure_of([&] { (void)vhd::read_layout(disk); }).code;
        if (is_disk) REQUIRE(vhd::read_parent_reference(disk, vhd::read_layout(disk)) == parent);
        if (is_disk) ++finished;
        if (events == store.events().size()) REQUIRE(is_disk);
    });
    CHECK(finished > 0);
}

TEST_CASE("a parent's name that the format cannot hold is refused before the first write", "[vhd][chain]")
{
    memory_store store;
    for (const std::string& name : {std::string("\xFF.vhd"), std::string(256, 'x')}) {
        CHECK(failure_of([&] { vhd::create_image(store, child_of({.name = name})); }).code
              == errc::unusable_parent_name);
        CHECK(store.size() == 0);
    }
    CHECK(failure_of([&] { vhd::create_image(store, child_of({.absolute_paths = {"/\xC3"}})); }).code
          == errc::unusable_parent_name);
}

TEST_CASE("text survives UTF-16, and what is no text is noticed", "[vhd][chain]")
{
    const std::string text = "a\u00E9\u20AC\U0001F4BE";
    REQUIRE(vhd::detail::to_utf16(text).has_value());
    CHECK(vhd::detail::to_utf8(*vhd::detail::to_utf16(text)) == text);
    for (const std::string_view bad : {"\xC0\x80", "\x80", "\xE2\x82", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xC3x"})
        CHECK_FALSE(vhd::detail::to_utf16(bad).has_value());
    CHECK(vhd::detail::to_utf8(u"a\xD83D"
                               u"b\xDCBE")
          == "a\uFFFDb\uFFFD");
}
