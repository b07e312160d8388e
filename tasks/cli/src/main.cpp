// SPDX-License-Identifier: BSL-1.0
//
// The program vmtask: creates, compacts and describes VHD disks.

#include "command_line.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "json_reporter.hpp"
#include "output.hpp"
#include "printable.hpp"
#include "text_reporter.hpp"

#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include <unistd.h>

using namespace vmtask::cli;

namespace {

std::unique_ptr<reporter> make_reporter(output& out, output& err, bool json, bool quiet)
{
    if (json) return std::make_unique<json_reporter>(out, err, quiet);
    return std::make_unique<text_reporter>(out, err, quiet);
}

exit_code run(int argc, char** argv, output& out, output& err)
{
    try {
        const command_line line = parse_command_line(argc, argv);
        return run_command(line, *make_reporter(out, err, line.json, line.quiet && line.command != command::tell));
    } catch (const usage_error& error) {
        make_reporter(out, err, error.as_json(), false)->failure(exit_code::usage, error.what());
        return exit_code::usage;
    } catch (const std::exception& error) {
        err.write("vmtask: " + printable(error.what()) + '\n');
        return exit_code::failed;
    }
}

/// Somebody waits for what could not be written, so it is not all done. The
/// work is, though, and he must not believe otherwise.
exit_code check_output(const output& out, output& err, exit_code code)
{
    if (!out.error() || code != exit_code::done) return code;
    err.write("standard output: " + out.error().message()
              + "; what was asked for is done, but the report of it is incomplete\n");
    return exit_code::failed;
}

} // namespace

int main(int argc, char** argv)
{
    occupy_standard_descriptors();
    // A reader that goes away must not end the program while it works on a disk.
    std::signal(SIGPIPE, SIG_IGN);

    output out(STDOUT_FILENO);
    output err(STDERR_FILENO);
    const exit_code code = run(argc, argv, out, err);
    return static_cast<int>(check_output(out, err, code));
}
