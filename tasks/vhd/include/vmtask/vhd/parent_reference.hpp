// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/footer.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace vmtask::vhd {

/// What a differencing disk says of its parent. Text is UTF-8.
struct parent_reference {
    uuid id{};
    std::uint32_t timestamp = 0;               // when it was last changed, seconds since 2000-01-01 UTC
    std::string name{};                        // of its file, as the writer knew it
    std::vector<std::string> relative_paths{}; // from the child's folder, as they stand in the locators
    std::vector<std::string> absolute_paths{};

    friend bool operator==(const parent_reference&, const parent_reference&) = default;
};

/// Reads what the header and its locators say of the parent.
///
/// Notations: W2ru and W2ku (UTF-16, little-endian as is usual, or the other way
/// round), MacX (a file URL), Wi2r and Wi2k (bytes); others are left out, and so
/// is what does not lie in the file or is no text. A locator's data space is not
/// needed, so it may be in sectors or in bytes.
///
/// Errors: the store's.
///
/// Source: VHD specification 1.0, "Parent Locator Entries".
[[nodiscard]] parent_reference read_parent_reference(byte_store& store, const layout& disk);

} // namespace vmtask::vhd
