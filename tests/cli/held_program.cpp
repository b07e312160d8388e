// SPDX-License-Identifier: BSL-1.0

#include "held_program.hpp"

#include "support/patience.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmtask::test {

namespace {

std::vector<std::string> compact_arguments(const std::string& disk, const std::vector<std::string>& further)
{
    std::vector<std::string> arguments{"compact", disk};
    arguments.insert(arguments.end(), further.begin(), further.end());
    return arguments;
}

std::vector<std::string> environment_with(const std::string& fifo, const std::string& hold)
{
    // AddressSanitizer wants to be the first of the preloaded libraries, for no
    // reason that concerns us.
    const char* const given = std::getenv("ASAN_OPTIONS");
    std::string sanitizer = "ASAN_OPTIONS=verify_asan_link_order=0";
    if (given != nullptr) sanitizer += std::string(":") + given;

    return {"LD_PRELOAD=" VMTASK_HOLD_LIBRARY, "VMTASK_HOLD_FIFO=" + fifo, sanitizer, hold};
}

std::string setting_of(const std::string& disk, hold_at where)
{
    if (where == hold_at::before_cut) return "VMTASK_HOLD_CUT=1";
    return "VMTASK_HOLD_READ=" + std::to_string(std::filesystem::file_size(disk) / 2);
}

const std::string& make_fifo(const std::string& name)
{
    if (::mkfifo(name.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + name);
    return name;
}

} // namespace

held_program::held_program(const temporary_folder& folder, const std::string& disk, hold_at where,
                           const std::vector<std::string>& arguments, standard_output out)
    : vmtask_program(compact_arguments(disk, arguments), out,
                     environment_with(make_fifo((folder / "hold").string()), setting_of(disk, where))),
      fifo_((folder / "hold").string())
{
}

held_program::held_program(const temporary_folder& folder, std::vector<std::string> arguments, std::uint64_t change)
    : vmtask_program(
        std::move(arguments), standard_output::pipe,
        environment_with(make_fifo((folder / "hold").string()), "VMTASK_HOLD_CHANGE=" + std::to_string(change))),
      fifo_((folder / "hold").string())
{
}

held_program::~held_program()
{
    let_go();
}

bool held_program::is_held()
{
    // A FIFO can be opened for writing only while somebody has it for reading.
    const auto open = [this] { return (writer_ = ::open(fifo_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; };
    return eventually([&] { return open() || has_ended(); }) && writer_ >= 0;
}

void held_program::let_go()
{
    if (writer_ >= 0) ::close(std::exchange(writer_, -1));
}

} // namespace vmtask::test
