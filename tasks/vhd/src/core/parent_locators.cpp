// SPDX-License-Identifier: BSL-1.0

#include "core/parent_locators.hpp"

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/format.hpp>

#include "core/fail.hpp"
#include "core/utf16.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

namespace vmtask::vhd {

namespace {

using detail::fail;

constexpr std::uint32_t code_of(const char (&text)[5]) noexcept
{
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) code = code << 8 | static_cast<unsigned char>(text[i]);
    return code;
}

constexpr std::uint32_t windows_relative = code_of("W2ru");
constexpr std::uint32_t windows_absolute = code_of("W2ku");
constexpr std::uint32_t old_windows_relative = code_of("Wi2r");
constexpr std::uint32_t old_windows_absolute = code_of("Wi2k");
constexpr std::uint32_t mac_url = code_of("MacX");

/// In bytes; far more than any system takes as a path.
constexpr std::uint32_t longest_path = 65536;
constexpr std::size_t longest_name = 255; // units, and a zero

constexpr std::uint64_t in_whole_sectors(std::uint64_t bytes) noexcept
{
    return (bytes + sector_size - 1) / sector_size * sector_size;
}

std::string from_utf16(std::span<const std::byte> bytes)
{
    // A path begins with a character whose upper byte is zero.
    const bool is_big_endian = bytes.size() > 1 && bytes[0] == std::byte{} && bytes[1] != std::byte{};
    std::u16string text;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const auto low = std::to_integer<unsigned>(bytes[is_big_endian ? i + 1 : i]);
        const auto high = std::to_integer<unsigned>(bytes[is_big_endian ? i : i + 1]);
        if (low == 0 && high == 0) break;
        text += static_cast<char16_t>(high << 8 | low);
    }
    return detail::to_utf8(text);
}

std::string from_bytes(std::span<const std::byte> bytes)
{
    std::string text;
    for (const std::byte byte : bytes) {
        if (byte == std::byte{}) break;
        text += static_cast<char>(byte);
    }
    return text;
}

std::string from_url(std::string_view url)
{
    for (const std::string_view prefix : {"file://", "localhost"})
        if (url.starts_with(prefix)) url.remove_prefix(prefix.size());
    std::string path;
    for (std::size_t i = 0; i < url.size(); ++i) {
        unsigned char byte = 0;
        const char* const digits = url.data() + i + 1;
        if (url[i] == '%' && i + 2 < url.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            path += static_cast<char>(byte);
            i += 2;
        } else {
            path += url[i];
        }
    }
    return path;
}

std::vector<std::byte> read_text(byte_store& store, const layout& disk, const parent_locator& locator)
{
    const std::uint64_t length = std::min(locator.data_length, longest_path);
    if (locator.data_offset > disk.file_size || length > disk.file_size - locator.data_offset) return {};
    std::vector<std::byte> text(length);
    store.read(locator.data_offset, text);
    return text;
}

void add_locator(parent_reference& parent, std::uint32_t code, std::span<const std::byte> text)
{
    std::string path;
    bool is_relative = false;
    switch (code) {
    case windows_relative:
    case windows_absolute:
        path = from_utf16(text);
        is_relative = code == windows_relative;
        break;
    case old_windows_relative:
    case old_windows_absolute:
        path = from_bytes(text);
        is_relative = code == old_windows_relative;
        break;
    case mac_url:
        path = from_url(from_bytes(text));
        is_relative = !path.starts_with('/');
        break;
    default: return;
    }
    auto& paths = is_relative ? parent.relative_paths : parent.absolute_paths;
    if (!path.empty() && std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
}

} // namespace

parent_reference read_parent_reference(byte_store& store, const layout& disk)
{
    parent_reference parent;
    parent.id = disk.header.parent_id;
    parent.timestamp = disk.header.parent_timestamp;
    parent.name = detail::to_utf8(disk.header.parent_name);
    for (const parent_locator& locator : disk.header.parent_locators)
        add_locator(parent, locator.code, read_text(store, disk, locator));
    return parent;
}

namespace detail {

new_locators::new_locators(const byte_store& store, const parent_reference& parent) : parent_(parent)
{
    const auto name = to_utf16(parent.name);
    if (!name || name->size() > longest_name) fail(store, errc::unusable_parent_name, parent.name);
    name_ = *name;
    add(store, windows_relative, parent.relative_paths);
    add(store, windows_absolute, parent.absolute_paths);
}

void new_locators::add(const byte_store& store, std::uint32_t code, const std::vector<std::string>& paths)
{
    if (paths.empty()) return;
    const auto units = to_utf16(paths.front());
    if (!units || 2 * units->size() > longest_path) fail(store, errc::unusable_parent_name, paths.front());
    encoded_path& path = paths_.emplace_back(encoded_path{code, {}});
    for (const char16_t unit : *units) {
        path.text.push_back(static_cast<std::byte>(unit & 0xFF));
        path.text.push_back(static_cast<std::byte>(unit >> 8));
    }
}

std::uint64_t new_locators::length() const noexcept
{
    std::uint64_t bytes = 0;
    for (const encoded_path& path : paths_) bytes += in_whole_sectors(path.text.size());
    return bytes;
}

void new_locators::describe(dynamic_header& header, std::uint64_t offset) const
{
    header.parent_id = parent_.id;
    header.parent_timestamp = parent_.timestamp;
    header.parent_name = name_;
    header.parent_locators = {};
    for (std::size_t i = 0; i < paths_.size(); ++i) {
        const auto length = static_cast<std::uint32_t>(paths_[i].text.size());
        // In bytes, as Windows does, and not in sectors, as the specification says.
        const auto space = static_cast<std::uint32_t>(in_whole_sectors(length));
        header.parent_locators.at(i) = {paths_[i].code, space, length, offset};
        offset += space;
    }
}

std::uint64_t new_locators::write(byte_store& store, std::uint64_t offset) const
{
    for (const encoded_path& path : paths_) {
        std::vector<std::byte> bytes = path.text;
        bytes.resize(in_whole_sectors(bytes.size()));
        store.write(offset, bytes);
        offset += bytes.size();
    }
    return offset;
}

} // namespace detail

} // namespace vmtask::vhd
