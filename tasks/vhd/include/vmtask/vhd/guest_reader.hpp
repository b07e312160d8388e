// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd {

/// A disk as its guest reads it, wherever the data comes from.
///
/// Offsets and sizes are in bytes and whole sectors. Every member but size()
/// throws std::system_error when it fails.
///
/// Thread safety: none; one caller at a time, which need not be the same thread.
class guest_reader {
public:
    virtual ~guest_reader() = default;

    [[nodiscard]] virtual std::uint64_t size() const = 0;

    /// Reads exactly into.size() bytes.
    ///
    /// Errors: unaligned_access, beyond_the_end.
    virtual void read(std::uint64_t offset, std::span<std::byte> into) = 0;

    /// First sector at or after `offset` that may not be zero; size() if there is
    /// none. Everything before it, from `offset` on, reads as zeros.
    [[nodiscard]] virtual std::uint64_t next_data(std::uint64_t offset) = 0;

protected:
    guest_reader() = default;
    guest_reader(const guest_reader&) = default;
    guest_reader(guest_reader&&) = default;
    guest_reader& operator=(const guest_reader&) = default;
    guest_reader& operator=(guest_reader&&) = default;
};

} // namespace vmtask::vhd
