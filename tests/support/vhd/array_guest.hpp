// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/zero.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::test {

/// A disk's data in memory, which knows of each sector whether it is zero.
class array_guest final : public vhd::guest_reader {
public:
    explicit array_guest(std::vector<std::byte> data) : data_(std::move(data)) {}

    [[nodiscard]] std::uint64_t size() const override { return data_.size(); }

    void read(std::uint64_t offset, std::span<std::byte> into) override
    {
        bytes_read += into.size();
        const auto from = std::span(data_).subspan(offset, into.size());
        if (!into.empty()) std::memcpy(into.data(), from.data(), into.size());
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override
    {
        while (offset < data_.size() && vhd::is_zero(std::span(data_).subspan(offset, vhd::sector_size)))
            offset += vhd::sector_size;
        return std::min<std::uint64_t>(offset, data_.size());
    }

    std::uint64_t bytes_read = 0;

private:
    std::vector<std::byte> data_;
};

} // namespace vmtask::test
