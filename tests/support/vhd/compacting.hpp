// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/format.hpp>

#include "support/vhd/disk.hpp"
#include "support/vhd/memory_store.hpp"
#include "support/vhd/recording_monitor.hpp"

#include <cstdint>

namespace vmtask::test {

/// What one of our small blocks takes in the file.
inline constexpr std::uint64_t small_stored = vhd::stored_block_bytes(small_block);

/// Compacts with nobody watching.
inline vhd::compact_report compact(memory_store& store, std::uint64_t batch_bytes = 3 * small_stored)
{
    recording_monitor monitor;
    return vhd::compact_image(store, monitor, {.batch_bytes = batch_bytes});
}

/// Ten blocks in the order of their numbers, of which 2, 3 and 7 are zeros.
[[nodiscard]] inline memory_store disk_with_zeros()
{
    memory_store store = make_disk(10 * small_block);
    fill_blocks(store, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    clear_blocks(store, {2, 3, 7});
    return store;
}

} // namespace vmtask::test
