// SPDX-License-Identifier: BSL-1.0

// Why every moment of this is the old disk or the new one
//
// The only footer of a fixed disk is the last sector of its file, so it has to
// move in one write, and stay right while the room before it is made ready:
//
// 1. The old footer, which still gives the old size, is written where the file
//    is to end; that one sector makes the file long. Flush. A fixed disk may be
//    followed by more than its footer. Up to here, and while the space is taken,
//    cutting the file where it ended undoes it all.
// 2. What lies between the old size and the old end, among it the footer that
//    was there, becomes zeros. The guest does not see it yet. Flush.
// 3. The new footer overwrites the old one, one sector at once. Flush.
// 4. A file that was too long, after an earlier resize was killed, gets the
//    footer also where it is to end, and is cut there.

#include "core/resize_steps.hpp"

#include <algorithm>
#include <vector>

namespace vmtask::vhd::detail {

namespace {

void write_zeros(byte_store& store, work_monitor& monitor, std::uint64_t offset, std::uint64_t end)
{
    const std::vector<std::byte> zeros(std::min<std::uint64_t>(1U << 20, end - offset));
    for (std::uint64_t at = offset; at < end;) {
        monitor.checkpoint();
        monitor.report(at - offset, end - offset);
        const auto length = std::min<std::uint64_t>(zeros.size(), end - at);
        store.write(at, std::span(zeros).first(length));
        at += length;
    }
}

void take_space(byte_store& store, work_monitor& monitor, std::uint64_t offset, std::uint64_t end)
{
    constexpr std::uint64_t part = std::uint64_t{4} << 30;
    monitor.step("taking space");
    for (std::uint64_t at = offset; at < end; at += part) {
        monitor.checkpoint();
        if (!store.allocate(at, std::min(part, end - at))) return write_zeros(store, monitor, at, end);
    }
}

/// Makes the file end where the new footer is to stand, with the old one there.
void make_longer(byte_store& store, work_monitor& monitor, const resize_options& options, const layout& disk)
{
    try {
        store.write(options.size_bytes, disk.footer_bytes);
        store.flush();
        if (!options.sparse) take_space(store, monitor, disk.file_size, options.size_bytes);
        monitor.checkpoint();
        monitor.point_of_no_return();
    } catch (...) {
        store.truncate(disk.file_size);
        store.flush();
        throw;
    }
}

} // namespace

void grow_fixed(byte_store& store, work_monitor& monitor, const resize_options& options, const layout& disk,
                const sector& footer)
{
    const std::uint64_t size = options.size_bytes;
    monitor.checkpoint();
    if (disk.file_size <= size) make_longer(store, monitor, options, disk);
    else monitor.point_of_no_return();
    monitor.step("writing the footer");
    clear(store, disk.footer.current_size, std::min(disk.file_size, size));
    store.flush();

    const std::uint64_t end = std::max(disk.file_size, size + sector_size);
    store.write(end - sector_size, footer);
    store.flush();
    if (end == size + sector_size) return;
    store.write(size, footer);
    store.flush();
    store.truncate(size + sector_size);
    store.flush();
}

} // namespace vmtask::vhd::detail
