// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include "support/vhd/guest.hpp"
#include "support/vhd/other_reader.hpp"

#include <cstddef>
#include <cstring>
#include <exception>
#include <span>
#include <string>

namespace vmtask::test {

/// Many times faster than comparing one std::byte after another.
[[nodiscard]] inline bool is_same(std::span<const std::byte> one, std::span<const std::byte> other)
{
    return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size()) == 0;
}

/// What is wrong with a disk that should be whole and show the guest these
/// bytes, to us and to another program; empty if nothing is.
[[nodiscard]] inline std::string what_is_wrong(vhd::byte_store& store, std::span<const std::byte> expected)
{
    try {
        if (!is_same(contents(store), expected)) return "the guest sees other data";
        if (!is_same(other_reader(store).contents(), expected)) return "another program sees other data";
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

} // namespace vmtask::test
