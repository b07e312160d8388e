// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "guarded.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace vmtask::c_api {

/// The size that a struct had when it was new: what a caller has at least. To be
/// specialised for a struct that grows.
template <class Struct>
inline constexpr std::size_t first_size = sizeof(Struct);

/// Copies what the caller and this version both know; the rest of `known` stays
/// as it is. Throws refusal: VMTASK_E_STRUCT_SIZE, and VMTASK_E_UNKNOWN_OPTION
/// when something that only the caller knows is not zero.
void read_struct(std::span<std::byte> known, const void* given, std::size_t first_size);

/// Fills what the caller has; what only he knows becomes zero, struct_size stays.
/// Throws refusal: VMTASK_E_STRUCT_SIZE.
void write_struct(void* given, std::span<const std::byte> known, std::size_t first_size);

/// The caller's options as this version knows them, or the default ones.
template <class Options>
[[nodiscard]] Options options_from(const Options* given)
{
    static_assert(std::is_trivially_copyable_v<Options> && offsetof(Options, struct_size) == 0);
    Options known{};
    if (given != nullptr) read_struct(std::as_writable_bytes(std::span(&known, 1)), given, first_size<Options>);
    return known;
}

template <class Report>
void report_to(Report* given, const Report& known)
{
    static_assert(std::is_trivially_copyable_v<Report> && offsetof(Report, struct_size) == 0);
    write_struct(given, std::as_bytes(std::span(&known, 1)), first_size<Report>);
}

/// Throws refusal unless a member that has no meaning yet is zero.
inline void require_zero(std::uint32_t reserved)
{
    if (reserved != 0) throw refusal{VMTASK_E_UNKNOWN_OPTION, "a reserved member is not zero"};
}

/// Copies as much of the text as fits, in whole characters, and a zero.
void copy_text(std::span<char> place, std::string_view text) noexcept;

} // namespace vmtask::c_api
