// SPDX-License-Identifier: BSL-1.0
#include "disks/scratch.hpp"

#include "harness/child.hpp"
#include "harness/stopwatch.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmtask::benchmark {
namespace {

[[noreturn]] void fail(int error, const std::string& what)
{
    throw std::system_error(error, std::generic_category(), what);
}

class quiet_output {
public:
    quiet_output()
    {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    ~quiet_output() { ::posix_spawn_file_actions_destroy(&actions_); }
    quiet_output(const quiet_output&) = delete;
    quiet_output& operator=(const quiet_output&) = delete;

    [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

} // namespace

scratch_folder::scratch_folder()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "vmtask-benchmark-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) fail(errno, pattern);
    path_ = pattern;
}

scratch_folder::~scratch_folder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void scratch_folder::require_space(std::uint64_t bytes) const
{
    if (std::filesystem::space(path_).available < bytes)
        throw not_measurable("needs " + std::to_string(bytes >> 30) + " GiB in " + path_.parent_path().string());
}

std::uint64_t scratch_folder::space_taken() const
{
    constexpr std::uint64_t bytes_per_unit = 512; // of st_blocks, whatever the file system's own
    std::uint64_t taken = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        struct stat status {};
        if (::stat(entry.path().c_str(), &status) != 0) fail(errno, entry.path().string());
        taken += static_cast<std::uint64_t>(status.st_blocks) * bytes_per_unit;
    }
    return taken;
}

void run_command(std::vector<std::string> command)
{
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const quiet_output output;
    pid_t id = -1;
    const int error = ::posix_spawnp(&id, arguments.front(), output.get(), nullptr, arguments.data(), environ);
    if (error == ENOENT) throw not_measurable(command.front() + " is not installed");
    if (error != 0) fail(error, command.front());
    int status = 0;
    if (::waitpid(id, &status, 0) != id) fail(errno, command.front());
    if (status != 0) throw std::runtime_error(command.front() + " has failed");
}

void flush_file(const std::filesystem::path& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(errno, path.string());
    const int error = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    if (error != 0) fail(error, path.string());
}

double milliseconds_of(const std::function<void()>& work)
{
    const stopwatch time;
    work();
    return time.nanoseconds() / 1e6;
}

} // namespace vmtask::benchmark
