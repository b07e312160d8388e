// SPDX-License-Identifier: BSL-1.0

#include "structs.hpp"

#include <algorithm>
#include <cstring>

namespace vmtask::c_api {

namespace {

// Larger ones come from a struct_size that nobody has set.
constexpr std::size_t largest_plausible = 4096;

std::size_t checked_size(const void* given, std::size_t first_size)
{
    std::size_t size = 0;
    std::memcpy(&size, given, sizeof size);
    if (size < first_size || size > largest_plausible)
        throw refusal{VMTASK_E_STRUCT_SIZE, "struct_size is not the size of the struct; use VMTASK_INIT"};
    return size;
}

bool continues_character(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

} // namespace

void read_struct(std::span<std::byte> known, const void* given, std::size_t first_size)
{
    const std::size_t size = checked_size(given, first_size);
    const std::span bytes(static_cast<const std::byte*>(given), size);
    const std::size_t common = std::min(size, known.size());
    const auto rest = bytes.subspan(common);
    if (std::any_of(rest.begin(), rest.end(), [](std::byte byte) { return byte != std::byte{}; }))
        throw refusal{VMTASK_E_UNKNOWN_OPTION, "the options have a member that this version does not know"};
    std::memcpy(known.data(), given, common);
}

void write_struct(void* given, std::span<const std::byte> known, std::size_t first_size)
{
    const std::size_t size = checked_size(given, first_size);
    const std::size_t common = std::min(size, known.size());
    auto* const bytes = static_cast<std::byte*>(given);
    constexpr std::size_t begin = sizeof(std::size_t); // behind struct_size
    std::memcpy(bytes + begin, known.data() + begin, common - begin);
    std::memset(bytes + common, 0, size - common);
}

void copy_text(std::span<char> place, std::string_view text) noexcept
{
    std::size_t length = std::min(text.size(), place.size() - 1);
    if (length < text.size())
        while (length > 0 && continues_character(text[length])) --length;
    std::fill(place.begin(), place.end(), '\0');
    text.copy(place.data(), length);
}

} // namespace vmtask::c_api
