// SPDX-License-Identifier: BSL-1.0

// What an image may be made of by accident or malice: each input is taken for
// one, opened, read, checked and repaired. None may crash, hang, or take memory
// beyond a few buffers and what the file is long; none but a full store may make
// a check or a repair throw; and a repair changes nothing that a guest can read.
//
// Built by clang++ with AddressSanitizer it is a program of libFuzzer's, which
// looks for inputs that reach new code. Else it runs the files that it is given.

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/image.hpp>
#include <vmtask/vhd/map_image.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include "bounded_store.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

using namespace vmtask;

namespace {

class nobody final : public vhd::work_monitor {
public:
    void report(std::uint64_t, std::uint64_t) override {}
    void step(std::string_view) override {}
    void checkpoint() override {}
    void point_of_no_return() override {}
};

void require(bool holds, const char* what)
{
    if (holds) return;
    std::cerr << "not true: " << what << '\n';
    std::abort();
}

/// What a guest reads where there is data, and at both ends; nothing if the image
/// cannot be opened or read.
std::optional<std::vector<std::byte>> sample(vhd::byte_store& store)
{
    constexpr std::size_t most_samples = 64;
    try {
        vhd::image disk(store);
        std::vector<std::byte> seen;
        std::array<std::byte, 2048> part{};
        const auto read = [&](std::uint64_t offset) {
            const auto length = std::min<std::uint64_t>(part.size(), disk.size() - offset);
            disk.read(offset, std::span(part).first(length));
            seen.insert(seen.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(length));
        };
        read(0);
        read(disk.size() - vhd::sector_size);
        std::uint64_t at = 0;
        for (std::size_t i = 0; i < most_samples && (at = disk.next_data(at)) < disk.size(); at += part.size()) {
            read(at);
            ++i;
        }
        return seen;
    } catch (const std::system_error&) {
        return std::nullopt;
    }
}

void list_ranges(vhd::byte_store& store)
{
    try {
        const vhd::layout disk = vhd::read_layout(store);
        std::uint64_t end = 0;
        for (auto range = vhd::next_range(disk, 0); range; range = vhd::next_range(disk, end)) {
            require(range->guest_offset >= end && range->length != 0, "ranges follow each other");
            require(range->file_offset + range->length <= disk.file_size || disk.footer.type != vhd::disk_type::fixed,
                    "ranges lie in the file");
            end = range->guest_offset + range->length;
        }
    } catch (const std::system_error&) {
        // It is none.
    }
}

void repair(test::bounded_store& store)
{
    nobody monitor;
    const auto before = sample(store);
    const vhd::check_report found = vhd::check_image(store, monitor);
    require(!found.is_sound() || found.type == vhd::disk_type::differencing || before.has_value(),
            "a sound image can be read");
    const vhd::check_report mended = vhd::repair_image(store, monitor);
    const auto after = sample(store);
    if (before) require(before == after, "a repair changes nothing that a guest can read");
    const vhd::check_report left = vhd::check_image(store, monitor);
    for (const vhd::finding& one : left.findings)
        require(!one.is_mendable || one.how_bad == vhd::severity::note, "a repair mends what can be mended");
    require(mended.file_size == store.size(), "the report has the file's size");
}

/// Corrects a checksum, so that what it covers is looked at although it is new.
void correct(std::span<std::byte> bytes, std::size_t field)
{
    const std::uint32_t sum = vhd::checksum(bytes, field);
    for (std::size_t i = 0; i < sizeof(sum); ++i) bytes[field + i] = static_cast<std::byte>(sum >> (24 - 8 * i) & 0xFF);
}

void try_image(std::span<const std::byte> bytes)
{
    test::bounded_store store(bytes);
    list_ranges(store);
    repair(store);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t header_end = vhd::sector_size + vhd::dynamic_header_size;
    const auto input = std::as_bytes(std::span(data, size));
    try_image(input);
    if (size < header_end + vhd::sector_size) return 0;
    std::vector<std::byte> corrected(input.begin(), input.end());
    const std::span all(corrected);
    correct(all.first(vhd::sector_size), 64);
    correct(all.subspan(vhd::sector_size, vhd::dynamic_header_size), 36);
    correct(all.last(vhd::sector_size), 64);
    try_image(corrected);
    return 0;
}
