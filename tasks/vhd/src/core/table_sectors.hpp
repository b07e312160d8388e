// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/layout.hpp>

#include <cstdint>
#include <vector>

namespace vmtask::vhd::detail {

/// The sectors of the table in the file that have fallen behind the one in memory.
class table_sectors {
public:
    explicit table_sectors(const layout& disk);

    /// The block's entry has changed.
    void mark(std::uint32_t block);

    /// All entries may have.
    void mark_all();

    /// Writes what was marked; entries that have not changed keep their bytes.
    /// Returns how many bytes that were.
    std::uint64_t write(byte_store& store);

private:
    std::uint64_t write_run(byte_store& store, std::size_t first, std::size_t last) const;

    const layout* disk_;
    std::vector<bool> changed_; // per sector
};

} // namespace vmtask::vhd::detail
