// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include "support/vhd/guest.hpp"
#include "support/vhd/other_reader.hpp"

#include <cstddef>
#include <exception>
#include <span>
#include <string>

namespace vmtask::test {

/// What is wrong with a disk that should be whole and show the guest these
/// bytes, to us and to another program; empty if nothing is.
[[nodiscard]] inline std::string what_is_wrong(vhd::byte_store& store, std::span<const std::byte> expected)
{
    try {
        if (!guest_sees(store, expected)) return "the guest sees other data";
        other_reader other(store);
        if (!shows(other, expected)) return "another program sees other data";
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

} // namespace vmtask::test
