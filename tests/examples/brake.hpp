// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace vmtask::test {

/// Holds a program in its first read of a block; see hold_reads.cpp.
class brake {
public:
    brake();
    ~brake();
    brake(const brake&) = delete;
    brake& operator=(const brake&) = delete;

    /// The command, run under this brake.
    [[nodiscard]] std::vector<std::string> on(std::vector<std::string> command) const;

    /// Whether the program is held, within a patience. To be asked once.
    [[nodiscard]] bool holds() const;

    /// Lets it go for ever, also when it is not held yet.
    void release() const;

private:
    int ours_ = -1;
    int theirs_ = -1;
};

} // namespace vmtask::test
