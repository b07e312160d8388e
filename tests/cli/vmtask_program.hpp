// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vmtask::test {

/// Where the program's standard output goes. Its standard error output always
/// goes to us, its standard input comes from nowhere.
enum class standard_output {
    pipe,        ///< to us
    terminal,    ///< to us, by a terminal 100 columns wide
    closed_pipe, ///< to a reader that has gone away
    full_disk,   ///< to /dev/full
    closed,      ///< it is not open at all
    never_read,  ///< to a pipe that is full, and that nobody reads
};

/// The real program vmtask, run as a user runs it. Killed on destruction if it
/// has not ended.
class vmtask_program {
public:
    explicit vmtask_program(std::vector<std::string> arguments, standard_output where = standard_output::pipe,
                            const std::vector<std::string>& environment = {});
    ~vmtask_program();
    vmtask_program(const vmtask_program&) = delete;
    vmtask_program& operator=(const vmtask_program&) = delete;

    void send(int signal) const;

    /// Whether it says so within a patience; on the standard error output, so
    /// many times.
    [[nodiscard]] bool says(const std::string& text);
    [[nodiscard]] bool says_on_error(const std::string& text, std::size_t times = 1);

    [[nodiscard]] bool has_ended() const;

    /// Waits for the end: the exit code, or 1000 + the signal that killed it.
    [[nodiscard]] int exit_code();

    /// What it has written; all of it after exit_code().
    [[nodiscard]] const std::string& out() const noexcept { return out_; }
    [[nodiscard]] const std::string& err() const noexcept { return err_; }
    [[nodiscard]] std::vector<std::string> out_lines() const;
    [[nodiscard]] std::vector<std::string> err_lines() const;

private:
    template <class Predicate>
    bool read_until(Predicate holds);

    pid_t pid_ = -1;
    int out_descriptor_ = -1;
    int err_descriptor_ = -1;
    int unread_descriptor_ = -1; // the end of never_read that nobody reads
    std::string out_;
    std::string err_;
};

} // namespace vmtask::test
