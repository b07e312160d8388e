// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/layout.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <system_error>

namespace vmtask::vhd::detail {

/// Everything that is learnt of an image that may be wrong anywhere.
///
/// Unlike read_layout() it goes on after a defect, as far as that lets it.
struct examination {
    examination(byte_store& image, work_monitor& watcher) : store(image), monitor(watcher) {}

    void add(defect what, severity how_bad, bool is_mendable, std::uint64_t offset, std::string detail = {});
    [[nodiscard]] bool has_errors() const noexcept;
    [[nodiscard]] bool has(defect what) const noexcept;
    /// Where what needs a place may end.
    [[nodiscard]] std::uint64_t end_of_space() const noexcept;

    byte_store& store;
    work_monitor& monitor;
    check_report report;

    // As far as they could be read; the trailing footer counts as valid also if
    // only its checksum is wrong.
    layout disk;
    sector leading{};
    sector trailing{};
    std::error_code leading_state;
    std::error_code trailing_state;
    std::array<std::byte, dynamic_header_size> header_bytes{};
    bool is_header_known = false;
    bool is_table_known = false;
};

/// The steps; each returns whether the next one makes sense.
bool examine_footers(examination& of);
bool examine_header(examination& of);
bool examine_table(examination& of);
void examine_blocks(examination& of);

/// All of them, and says of what can be mended alone whether it can be so here.
void examine(examination& of);

/// The same without reading bitmaps and data.
void examine_briefly(examination& of);

} // namespace vmtask::vhd::detail
