// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vmtask::vhd {

/// The bytes that a disk image lives in: a file, or a test's idea of one.
///
/// Offsets and sizes are in bytes. Every member throws std::system_error when
/// it fails; a failed write may have written any part of its bytes.
///
/// What a power cut does to it: whatever was written before the last flush()
/// that returned is there; each later write is there or not, sector (512 bytes)
/// by sector, in any order, and so is a later truncate().
///
/// Thread safety: none; one caller at a time.
class byte_store {
public:
    virtual ~byte_store() = default;

    [[nodiscard]] virtual std::uint64_t size() = 0;

    /// Reads exactly into.size() bytes. Reading beyond the end is an error.
    virtual void read(std::uint64_t offset, std::span<std::byte> into) = 0;

    /// Writes exactly from.size() bytes. Writing beyond the end grows the store;
    /// what lies between the old end and `offset` reads as zeros.
    virtual void write(std::uint64_t offset, std::span<const std::byte> from) = 0;

    /// Returns when everything written or truncated before is durable.
    /// After a failure nothing is known of what is.
    virtual void flush() = 0;

    /// Makes the store `size` bytes long; growth reads as zeros.
    virtual void truncate(std::uint64_t size) = 0;

    /// Takes the space for these bytes, which read as they did, or as zeros where
    /// there was nothing; the store grows if need be. False if it cannot: then
    /// only writing to them takes it.
    [[nodiscard]] virtual bool allocate(std::uint64_t offset, std::uint64_t length);

    /// Gives the space of these bytes back; they read as zeros then. False if it
    /// cannot: then nothing has changed. Until the next flush() it counts as a
    /// write of zeros.
    [[nodiscard]] virtual bool punch(std::uint64_t offset, std::uint64_t length);

    /// First byte at or after `offset` that may hold data; size() if there is none.
    /// Everything before it, from `offset` on, reads as zeros.
    [[nodiscard]] virtual std::uint64_t next_data(std::uint64_t offset) = 0;

    /// First byte at or after `offset` that lies in a hole; size() if there is none.
    [[nodiscard]] virtual std::uint64_t next_hole(std::uint64_t offset) = 0;

    /// For messages: the path.
    [[nodiscard]] virtual const std::string& name() const = 0;
};

inline bool byte_store::allocate(std::uint64_t /*offset*/, std::uint64_t /*length*/)
{
    return false;
}

inline bool byte_store::punch(std::uint64_t /*offset*/, std::uint64_t /*length*/)
{
    return false;
}

} // namespace vmtask::vhd
