// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/vhd/temporary_folder.hpp"

#include "vmtask_program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vmtask::test {

/// Where a compaction is held; see hold_io.cpp.
enum class hold_at {
    half_way,   ///< half of the blocks looked at, nothing written
    before_cut, ///< past its point of no return
};

/// A `vmtask`, by default one that compacts a worn disk, held in the middle of its work.
class held_program : public vmtask_program {
public:
    /// Further arguments follow `compact DISK`.
    held_program(const temporary_folder& folder, const std::string& disk, hold_at where,
                 const std::vector<std::string>& arguments = {}, standard_output out = standard_output::pipe);
    /// Any command, held before that change of its files, counted from 0.
    held_program(const temporary_folder& folder, std::vector<std::string> arguments, std::uint64_t change);
    ~held_program();

    /// Whether it got to where it is to be held, within a patience, and has not
    /// come to its end before.
    [[nodiscard]] bool is_held();

    void let_go();

private:
    std::string fifo_;
    int writer_ = -1;
};

} // namespace vmtask::test
