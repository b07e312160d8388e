// SPDX-License-Identifier: BSL-1.0

// Why every moment of this is a valid image with the same data
//
// Writes since the last flush may reach the disk in any order, or not at all,
// sector by sector. So between two flushes we write only what is right beside
// each of the others, present or absent:
//
// 1. Scanning writes nothing. A cancel leaves the file as it was.
// 2. The entries of blocks without data are cleared, of a differencing disk those
//    that show what the parent does. A guest sees the same whether an entry is
//    cleared yet or not. An entry lies within one sector and changes
//    at once. Flush: from now on no entry on the disk names a freed place. This
//    is done with the whole table, and also if nothing was freed: somebody who
//    was killed before us may have left changes of the table that are seen but
//    not durable, and whose flush has failed even some that no later flush makes
//    durable; the places that look free by them may not be so on the disk.
// 3. Blocks are copied into free places, which no entry names, then flush. Now
//    both copies are durable and equal; their entries are switched, each right
//    before and after. The sources, which the entries on the disk may still
//    name, are not written to before step 4, so that a batch needs no flush
//    after it but the last.
// 4. No entry on the disk names anything beyond the new end. The footer is
//    written there; it fits before the old footer or is the old footer, so
//    the file ends in a footer all the time (or never did, then the copy at the
//    start counts, and that is never written to). Flush, then cut: the file is
//    of the old or the new length, and both end in the footer. Flush.
//
// Killed anywhere, the image is found with fewer blocks or with gaps, and the
// next run begins at the step that remains. Killed between footer and cut, it
// finds that the file could be shorter, and writes the same footer again.

#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/layout.hpp>

#include "core/block_comparer.hpp"
#include "core/block_reader.hpp"
#include "core/blocks_by_place.hpp"
#include "core/compact_plan.hpp"
#include "core/fail.hpp"
#include "core/foreign_block_map.hpp"
#include "core/table_sectors.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace vmtask::vhd {

namespace {

using detail::block_move;
using detail::compact_plan;
using detail::fail;

layout open_suitable(byte_store& store, const guest_reader* parent)
{
    layout disk = read_layout(store);
    if (disk.footer.type == disk_type::fixed) fail(store, errc::fixed_disk);
    if (disk.footer.type == disk_type::differencing && parent == nullptr) fail(store, errc::differencing_disk);
    if (disk.footer.saved_state != 0) fail(store, errc::saved_state);
    if (detail::has_foreign_block_map(store, disk)) fail(store, errc::foreign_block_map);
    return disk;
}

class compaction {
public:
    compaction(byte_store& store, work_monitor& monitor, const compact_options& options, guest_reader* parent)
        : store_(store),
          monitor_(monitor),
          options_(options),
          disk_(open_suitable(store, parent)),
          changed_(disk_),
          blocks_(store, disk_)
    {
        report_.file_size_before = disk_.file_size;
        if (disk_.footer.type == disk_type::differencing) comparer_.emplace(store, disk_, *parent);
    }

    compact_report run()
    {
        order();
        scan();
        const detail::plan_summary plan = detail::summarise({disk_, kept_});
        const bool has_to_cut = !disk_.trailing_footer_valid || plan.end + 2 * sector_size <= disk_.file_size;
        if (report_.blocks_freed != 0 || plan.moves != 0 || has_to_cut) {
            release();
            const std::uint64_t punched = options_.punch_holes ? kept_.size() : 0;
            done_ = total_ - (plan.moves + punched) * disk_.stored_block_bytes();
            move();
            punch();
            if (has_to_cut) cut(plan.end);
        } else {
            punch();
            // Somebody killed before us may have finished but for this.
            store_.flush();
        }
        done_ = total_;
        report_progress();
        report_.bytes_read = blocks_.bytes_read() + (comparer_ ? comparer_->bytes_read() : 0);
        report_.bytes_written += blocks_.bytes_written();
        report_.file_size_after = store_.size();
        return report_;
    }

private:
    void order();
    void scan();
    [[nodiscard]] bool is_needless(std::uint32_t block);
    void release();
    void move();
    void copy_batch(const std::vector<block_move>& batch);
    void punch();
    void cut(std::uint64_t end);
    void report_progress();

    byte_store& store_;
    work_monitor& monitor_;
    const compact_options& options_;
    layout disk_;
    detail::table_sectors changed_;
    detail::block_reader blocks_;
    std::optional<detail::block_comparer> comparer_; // of a differencing disk
    std::vector<std::uint32_t> kept_;                // in the order of their places
    compact_report report_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

/// Lists the blocks, and sets the end of the progress.
///
/// How many will move is known only after the scan; at most every second one of
/// the places that there are. What falls short of that is skipped when it is known.
void compaction::order()
{
    const std::uint64_t length = disk_.stored_block_bytes();
    kept_ = detail::order_blocks(disk_.table, static_cast<std::uint32_t>(length / sector_size));
    const std::uint64_t allocated = kept_.size();
    const std::uint64_t places = std::max(disk_.end_of_space() / length, allocated);
    total_ = (allocated + std::min(allocated, places / 2) + (options_.punch_holes ? allocated : 0)) * length;
    report_.blocks_scanned = allocated;
}

/// Clears, in memory, the entries of blocks that a guest does not miss.
void compaction::scan()
{
    monitor_.step("looking for unused blocks");
    std::size_t kept = 0;
    for (const std::uint32_t block : kept_) {
        monitor_.checkpoint();
        if (is_needless(block)) {
            disk_.table[block] = unallocated;
            ++report_.blocks_freed;
        } else {
            kept_[kept++] = block;
        }
        done_ += disk_.stored_block_bytes();
        report_progress();
    }
    kept_.resize(kept);
}

/// Whether a guest sees the same without the block: zeros, or the parent. Zeros
/// over a parent's data are not the same.
bool compaction::is_needless(std::uint32_t block)
{
    return comparer_ ? comparer_->shows_parent(block) : blocks_.is_empty(disk_.table[block]);
}

void compaction::release()
{
    monitor_.checkpoint();
    monitor_.step("releasing unused blocks");
    changed_.mark_all();
    report_.bytes_written += changed_.write(store_);
    store_.flush();
}

void compaction::move()
{
    monitor_.step("moving blocks");
    compact_plan plan(disk_, kept_);
    std::vector<block_move> batch;
    // Bounded by number too, so that small blocks don't make a large list of moves.
    const auto most = std::clamp<std::uint64_t>(options_.batch_bytes / disk_.stored_block_bytes(), 1, 1U << 16);
    for (auto next = plan.next(); next;) {
        batch.clear();
        for (; next && batch.size() < most; next = plan.next()) batch.push_back(*next);
        copy_batch(batch);
    }
    if (report_.blocks_moved != 0) store_.flush();
}

void compaction::copy_batch(const std::vector<block_move>& batch)
{
    for (const block_move& move : batch) {
        monitor_.checkpoint();
        blocks_.copy(move.from, move.to);
        done_ += disk_.stored_block_bytes();
        report_progress();
    }
    store_.flush();
    for (const block_move& move : batch) {
        disk_.table[move.block] = move.to;
        changed_.mark(move.block);
    }
    report_.bytes_written += changed_.write(store_);
    report_.blocks_moved += batch.size();
}

/// What is zero stays zero, so that this is right at any time, done or not.
void compaction::punch()
{
    if (!options_.punch_holes) return;
    monitor_.step("punching holes");
    for (const std::uint32_t block : kept_) {
        monitor_.checkpoint();
        const auto punched = blocks_.punch(disk_.table[block]);
        if (!punched) return;
        report_.bytes_punched += *punched;
        done_ += disk_.stored_block_bytes();
        report_progress();
    }
    store_.flush();
}

void compaction::cut(std::uint64_t end)
{
    monitor_.point_of_no_return();
    monitor_.step("cutting the file");
    store_.write(end, disk_.footer_bytes);
    report_.bytes_written += sector_size;
    store_.flush();
    if (store_.size() != end + sector_size) store_.truncate(end + sector_size);
    store_.flush();
}

void compaction::report_progress()
{
    if (total_ != 0) monitor_.report(done_, total_);
}

} // namespace

compact_report compact_image(byte_store& store, work_monitor& monitor, const compact_options& options,
                             guest_reader* parent)
{
    return compaction(store, monitor, options, parent).run();
}

} // namespace vmtask::vhd
