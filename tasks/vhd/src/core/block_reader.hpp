// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vmtask::vhd::detail {

/// Looks at and copies blocks where they lie in the file.
///
/// Holes of the file are neither read nor filled; it has one buffer.
class block_reader {
public:
    block_reader(byte_store& store, const layout& disk);

    /// Whether a guest sees only zeros in the block at sector `place`: each of
    /// its sectors is zero or, by the bitmap, was never written.
    [[nodiscard]] bool is_empty(std::uint32_t place);

    /// Makes the bytes at sector `to` those of the block at sector `from`.
    /// What is a hole in both places, or zero and to become one, stays a hole.
    void copy(std::uint32_t from, std::uint32_t to);

    /// Makes holes of the pages of the block at sector `place` that hold only
    /// zeros; returns how many bytes that were, or nothing if the store has no holes.
    [[nodiscard]] std::optional<std::uint64_t> punch(std::uint32_t place);

    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }

private:
    [[nodiscard]] std::span<std::byte> read(std::uint64_t offset, std::uint64_t length);
    void write(std::uint64_t offset, std::span<const std::byte> from);
    [[nodiscard]] bool has_only_unwritten_data(std::span<const std::byte> data, std::uint64_t first_sector);
    void load_bitmap(std::uint64_t offset);
    void copy_data(std::uint64_t from, std::uint64_t to, std::uint64_t length);
    void write_sparsely(std::uint64_t offset, std::span<const std::byte> bytes);
    void clear(std::uint64_t offset, std::uint64_t length);
    [[nodiscard]] std::optional<std::uint64_t> punch_pages(std::uint64_t offset, std::span<const std::byte> bytes);

    byte_store* store_;
    std::uint32_t bitmap_bytes_;
    std::uint64_t stored_bytes_;
    std::vector<std::byte> buffer_;
    std::vector<std::byte> bitmap_; // of the block being looked at; empty if not read yet
    extent hole_;                   // the last one found; good until something is written
    std::uint64_t bytes_read_ = 0;
    std::uint64_t bytes_written_ = 0;
};

} // namespace vmtask::vhd::detail
