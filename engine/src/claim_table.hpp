// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "claim_lines.hpp"
#include "prefetch.hpp"

#include <vmtask/resource.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace vmtask::detail {

class claim_set;
class task_record;

/// One resource of a claim_set, in the line of those who want that resource.
struct claim : resource_claim {
    bool is_due = false; // nobody stands in the way
    std::size_t hash = 0;
    claim_set* owner = nullptr;
    claim_line* line = nullptr;
    // In the line, or among those who are to enter it later.
    claim* next = nullptr;
    claim* previous = nullptr;
};

/// All that one task claims: held all together, or waited for all together.
class claim_set {
public:
    /// The claims by name, each resource once; who claims one both shared and
    /// exclusively means exclusively.
    explicit claim_set(std::vector<resource_claim> wanted);
    claim_set(const claim_set&) = delete;
    claim_set& operator=(const claim_set&) = delete;

    [[nodiscard]] bool empty() const noexcept { return claims_.empty(); }
    [[nodiscard]] bool is_entered() const noexcept { return entered_; }
    [[nodiscard]] bool is_granted() const noexcept { return entered_ && missing_ == 0; }
    [[nodiscard]] bool same_as(const claim_set& other) const noexcept;
    [[nodiscard]] std::span<const claim> wanted() const noexcept { return claims_; }

    /// Whose claims they are; the table does not look at it.
    task_record* task = nullptr;
    /// Whose claims are no obstacle to these: those of the task of which this
    /// one is a part. Null for none. Set before the set enters a table.
    claim_set* parent = nullptr;

private:
    friend class claim_table;

    [[nodiscard]] bool is_within(const claim_set& other) const noexcept;

    void set(claim& own, resource_claim&& wanted) noexcept;

    claim only_;                       // most sets have one
    std::unique_ptr<claim[]> several_; // the others'
    std::span<claim> claims_;          // these or that
    std::uint64_t ticket_ = 0;         // its place in all lines
    std::size_t missing_ = 0;          // claims that are not due
    bool prepared_ = false;
    bool entered_ = false;
};

/// Who holds which resource, and who comes next.
///
/// Each resource has one line, with the holders at its front. A set enters all
/// its lines at one instant, and so stands in the same order in each: nobody is
/// overtaken, and no two wait for each other. It is granted when none of those
/// before it is in its way, in any line. A part of a larger task stands where
/// that task would stand, for it could wait for ever behind somebody who waits
/// for the whole.
///
/// Thread safety: none; the waiting room's lock guards it and all sets in it.
class claim_table {
public:
    /// Makes sure that the set can enter. Throws std::bad_alloc; then nothing
    /// has changed.
    void prepare(claim_set& entering);
    /// Puts a prepared set into its lines. True when it was granted at once.
    [[nodiscard]] bool enter(claim_set& entering) noexcept;

    /// Takes the set out, granted, waiting or only prepared, and calls
    /// `granted(claim_set&)` for each that got its turn by that.
    template <class Granted>
    void leave(claim_set& leaving, Granted granted) noexcept
    {
        if (!leaving.prepared_) return;
        leaving.prepared_ = false;
        const bool was_in = std::exchange(leaving.entered_, false);
        for (claim& left : leaving.claims_) was_in ? take_out(left) : expect_no_more(left);
        for (const claim& left : leaving.claims_) {
            if (--left.line->users == 0) lines_.remove(*left.line);
            else grant_line(*left.line, granted);
        }
    }

    /// The first claim, of another set, that is in the way of this waiting one;
    /// nullptr when none is.
    [[nodiscard]] const claim* obstacle(const claim_set& waiting) const noexcept;

    /// Calls `visit(const claim&)` for each claim, of other sets, that is in
    /// the way of this waiting one.
    template <class Visit>
    void for_each_obstacle(const claim_set& waiting, Visit visit) const
    {
        if (!waiting.entered_) return;
        for (const claim& wanted : waiting.claims_) {
            if (wanted.is_due) continue;
            for (const claim* before = wanted.previous; before; before = before->previous)
                if (is_in_the_way(*before, wanted)) visit(*before);
        }
    }

    /// Calls `visit(claim_set&)` for each set in the line of what this one wants,
    /// and then for those that are prepared to enter it, until it returns true.
    template <class Visit>
    void for_each_who_wants(const claim& wanted, Visit visit) const
    {
        const claim_line* const line = lines_.find(wanted.resource, wanted.hash);
        if (!line) return;
        for (claim* begin : {line->first, line->coming})
            for (claim* each = begin; each; each = each->next)
                if (visit(*each->owner)) return;
    }

    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }

private:
    [[nodiscard]] static bool is_in_the_way(const claim& before, const claim& wanted) noexcept;
    [[nodiscard]] static bool nobody_in_the_way(const claim& wanted) noexcept;
    static void expect(claim& coming) noexcept;
    static void expect_no_more(claim& coming) noexcept;
    static void put_in(claim& entering) noexcept;
    static void take_out(claim& leaving) noexcept;
    static void withdraw_overtaken(claim_line& line) noexcept;

    template <class Granted>
    static void grant_line(claim_line& line, Granted& granted) noexcept
    {
        bool any_before = false;
        bool exclusive_before = false;
        for (claim* each = line.first; each; each = each->next) {
            const bool is_exclusive = each->mode == claim_mode::exclusive;
            bool is_free = is_exclusive ? !any_before : !exclusive_before;
            if (!is_free && each->owner->parent) is_free = nobody_in_the_way(*each);
            if (is_free && !each->is_due) {
                each->is_due = true;
                if (--each->owner->missing_ == 0) granted(*each->owner);
                prefetch(each->next); // whose turn may be next
            }
            any_before = true;
            exclusive_before = exclusive_before || is_exclusive;
            if (exclusive_before && line.parts == 0) return; // nobody further back can be free
        }
    }

    claim_lines lines_;
    std::uint64_t tickets_ = 0;
};

} // namespace vmtask::detail
