// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/parent_reference.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace vmtask::vhd::detail {

/// The parent's name and locators as a new image has them.
///
/// The first relative path is written as W2ru, the first absolute one as W2ku,
/// and only these.
class new_locators {
public:
    /// Errors: unusable_parent_name, for what is no UTF-8 or too long.
    new_locators(const byte_store& store, const parent_reference& parent);

    /// How many bytes the paths take in the file: whole sectors.
    [[nodiscard]] std::uint64_t length() const noexcept;

    /// Sets the header's fields on the parent, with locators whose paths lie from
    /// `offset` on and no others.
    void describe(dynamic_header& header, std::uint64_t offset) const;

    /// Writes the paths there; returns where they end.
    std::uint64_t write(byte_store& store, std::uint64_t offset) const;

private:
    struct encoded_path {
        std::uint32_t code;
        std::vector<std::byte> text;
    };

    void add(const byte_store& store, std::uint32_t code, const std::vector<std::string>& paths);

    const parent_reference& parent_;
    std::u16string name_;
    std::vector<encoded_path> paths_;
};

} // namespace vmtask::vhd::detail
