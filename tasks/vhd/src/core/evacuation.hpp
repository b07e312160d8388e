// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/layout.hpp>
#include <vmtask/vhd/work_monitor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vmtask::vhd::detail {

/// Gets blocks out of a stretch of the file that something else is to have, to
/// behind all others.
///
/// Every moment of it is the image with the same data. It changes the table of
/// the layout that it was given, which has to outlive it, and nothing else there.
class evacuation {
public:
    /// `entries` are those of the largest table that the disk will have.
    evacuation(byte_store& store, work_monitor& monitor, layout& disk, const extent& room, std::size_t entries);

    /// The blocks that lie there.
    [[nodiscard]] std::vector<std::uint32_t> blocks() const;

    /// Makes sure that the image can do without its footer at the end, and that
    /// what looks free by the table is free on the disk; see image::begin_growing().
    void settle();

    /// Moves these blocks, and ends the file in a footer behind them. Durable when
    /// it returns: no entry on the disk names their old places.
    ///
    /// Precondition: settle(). Cancellation: at monitor.checkpoint().
    /// Errors: disk_too_full.
    void move(std::span<const std::uint32_t> blocks);

    /// Ends the file in a footer behind all that there is, durably.
    void write_footer_behind();

    /// Where that one is.
    [[nodiscard]] std::uint64_t footer_place();

private:
    void move_batch(std::span<const std::uint32_t> blocks);
    [[nodiscard]] extent place_of(std::uint32_t place) const noexcept;

    byte_store& store_;
    work_monitor& monitor_;
    layout& disk_;
    extent room_;
    std::size_t entries_;
    std::uint64_t end_; // of all but the footer
};

} // namespace vmtask::vhd::detail
