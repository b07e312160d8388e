// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace vmtask::test {

/// A file in memory that cannot grow much, as on a file system that is full.
class bounded_store final : public vhd::byte_store {
public:
    explicit bounded_store(std::span<const std::byte> bytes)
        : bytes_(bytes.begin(), bytes.end()), limit_(bytes.size() + (64U << 10))
    {
    }

    [[nodiscard]] std::uint64_t size() override { return bytes_.size(); }

    void read(std::uint64_t offset, std::span<std::byte> into) override
    {
        if (offset > bytes_.size() || into.size() > bytes_.size() - offset) fail(std::errc::io_error);
        std::copy_n(at(offset), into.size(), into.begin());
    }

    void write(std::uint64_t offset, std::span<const std::byte> from) override
    {
        if (offset > limit_ || from.size() > limit_ - offset) fail(std::errc::no_space_on_device);
        if (bytes_.size() < offset + from.size()) bytes_.resize(offset + from.size());
        std::ranges::copy(from, at(offset));
    }

    void flush() override {}

    void truncate(std::uint64_t size) override
    {
        if (size > limit_) fail(std::errc::no_space_on_device);
        bytes_.resize(size);
    }

    [[nodiscard]] std::uint64_t next_data(std::uint64_t offset) override
    {
        return std::min<std::uint64_t>(offset, bytes_.size());
    }
    [[nodiscard]] std::uint64_t next_hole(std::uint64_t) override { return bytes_.size(); }
    [[nodiscard]] const std::string& name() const override { return name_; }

private:
    [[noreturn]] void fail(std::errc why) const { throw std::system_error(std::make_error_code(why), name_); }

    std::vector<std::byte>::iterator at(std::uint64_t offset)
    {
        return bytes_.begin() + static_cast<std::ptrdiff_t>(offset);
    }

    std::vector<std::byte> bytes_;
    std::uint64_t limit_;
    std::string name_ = "fuzzed.vhd";
};

} // namespace vmtask::test
