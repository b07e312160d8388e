// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/guest_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd {

/// A disk that is its bytes and nothing else.
///
/// Where they are not whole sectors, the rest of the last one reads as zeros. It
/// refers to the store, which has to outlive it and must not change in length.
class raw_reader final : public guest_reader {
public:
    explicit raw_reader(byte_store& store);

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    void read(std::uint64_t offset, std::span<std::byte> into) override;
    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override;

private:
    byte_store* store_;
    std::uint64_t stored_; // bytes there are
    std::uint64_t size_;   // the same in whole sectors
};

} // namespace vmtask::vhd
