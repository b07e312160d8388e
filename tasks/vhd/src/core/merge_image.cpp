// SPDX-License-Identifier: BSL-1.0

// Why the child shows the same at every moment
//
// A sector of the child comes from the child itself or from the parent. Only
// sectors of the first kind are written to the parent, and it is an image of its
// own that stays valid at every write (see image.cpp): a block that gets a place
// shows what it did before but for such sectors. So whatever part of the merge
// the disk has when the power goes, nothing that the child leaves to the parent
// has changed, and to write it all again makes no difference.
//
// The child may go once the parent's last flush has returned.

#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/merge_image.hpp>
#include <vmtask/vhd/zero.hpp>

#include "core/fail.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace vmtask::vhd {

namespace {

using detail::fail;

constexpr std::uint64_t buffer_size = 2U << 20;

// What is told apart: long enough to be fast, short enough to find most zeros.
constexpr std::uint64_t piece_size = 64U << 10;

class merging {
public:
    merging(image_reader& child, image& parent, work_monitor& monitor)
        : child_(child), parent_(parent), monitor_(monitor), buffer_(std::min(buffer_size, child.size()))
    {
        if (parent.block_size() != 0) unit_ = std::min<std::uint64_t>(unit_, parent.block_size());
    }

    merge_report run()
    {
        monitor_.step("looking for changes");
        report_.parent = parent_.name();
        report_.parent_file_size_before = parent_.layout().file_size;
        total_ = std::uint64_t{child_.allocated_blocks()} * child_.block_size();
        monitor_.step("merging blocks");
        std::uint64_t block = ~std::uint64_t{0};
        for (extent run = child_.next_own(0); run.length != 0; run = child_.next_own(run.end())) {
            if (run.offset / child_.block_size() != block) begin_block();
            block = run.offset / child_.block_size();
            copy(run);
        }
        monitor_.step("making it durable");
        parent_.flush();
        report_.parent_file_size_after = parent_.file_size();
        if (total_ != 0) monitor_.report(total_, total_);
        return report_;
    }

private:
    void begin_block();
    void copy(const extent& run);
    void put(std::uint64_t offset, std::span<const std::byte> bytes);
    [[nodiscard]] bool shows_already(std::uint64_t offset, std::span<const std::byte> bytes);

    image_reader& child_;
    image& parent_;
    work_monitor& monitor_;
    std::vector<std::byte> buffer_;
    std::uint64_t unit_ = piece_size; // no piece lies in two of the parent's blocks
    extent gap_;                      // of the parent, found to be zeros
    merge_report report_;
    std::uint64_t total_ = 0;
};

void merging::begin_block()
{
    try {
        monitor_.checkpoint();
    } catch (...) {
        // Not needed to be safe, but other programs read the parent only with a
        // footer at its end, and it is of use to have done what has been done.
        parent_.flush();
        throw;
    }
    monitor_.report(report_.blocks_merged * child_.block_size(), total_);
    ++report_.blocks_merged;
}

void merging::copy(const extent& run)
{
    for (std::uint64_t at = run.offset; at < run.end();) {
        const auto bytes = std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), run.end() - at));
        child_.read(at, bytes);
        report_.bytes_read += bytes.size();
        put(at, bytes);
        at += bytes.size();
    }
}

/// Writes what the parent does not show already, as much at a time as there is in a row.
void merging::put(std::uint64_t offset, std::span<const std::byte> bytes)
{
    std::size_t unwritten = 0; // bytes from here to `at` are to be written
    std::size_t at = 0;
    const auto write_rest = [&] {
        if (unwritten == at) return;
        parent_.write(offset + unwritten, bytes.subspan(unwritten, at - unwritten));
        report_.bytes_written += at - unwritten;
    };
    while (at < bytes.size()) {
        const std::uint64_t end = ((offset + at) / unit_ + 1) * unit_;
        const auto piece = bytes.subspan(at, std::min<std::size_t>(end - offset - at, bytes.size() - at));
        if (shows_already(offset + at, piece)) {
            write_rest();
            unwritten = at + piece.size();
        }
        at += piece.size();
    }
    write_rest();
}

/// Zeros where the parent has none but zeros. Where it has few blocks, to look for
/// the next is long, so the last gap is remembered; what is written lies before it
/// or makes nothing else in it.
bool merging::shows_already(std::uint64_t offset, std::span<const std::byte> bytes)
{
    if (!is_zero(bytes)) return false;
    if (offset < gap_.offset || offset >= gap_.end()) gap_ = {offset, parent_.next_data(offset) - offset};
    return gap_.end() >= offset + bytes.size();
}

} // namespace

merge_report merge_image(image_reader& child, image& parent, work_monitor& monitor)
{
    if (child.size() > parent.size())
        fail(child.name(), errc::parent_too_small,
             std::to_string(child.size()) + " bytes over " + std::to_string(parent.size()));
    if (child.has_saved_state()) fail(child.name(), errc::saved_state);
    parent.check_writable();
    return merging(child, parent, monitor).run();
}

} // namespace vmtask::vhd
