// SPDX-License-Identifier: BSL-1.0

#include "vmtask_program.hpp"

#include "support/patience.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmtask::test {

namespace {

/// A pipe: the end to read from, and the end to write to.
struct pipe_ends {
    int reader;
    int writer;
};

pipe_ends make_pipe()
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    return {ends[0], ends[1]};
}

pipe_ends make_terminal()
{
    pipe_ends ends{};
    const winsize size{24, 100, 0, 0};
    if (::openpty(&ends.reader, &ends.writer, nullptr, nullptr, &size) != 0) throw std::runtime_error("no terminal");
    ::fcntl(ends.reader, F_SETFD, FD_CLOEXEC);
    ::fcntl(ends.writer, F_SETFD, FD_CLOEXEC);
    return ends;
}

void fill(int writer)
{
    ::fcntl(writer, F_SETFL, O_NONBLOCK);
    const std::string rubbish(4096, 'x');
    while (::write(writer, rubbish.data(), rubbish.size()) > 0) {
    }
    ::fcntl(writer, F_SETFL, 0);
}

pipe_ends make_standard_output(standard_output where)
{
    switch (where) {
    case standard_output::terminal: return make_terminal();
    case standard_output::full_disk: return {-1, ::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    case standard_output::closed: return {-1, -1};
    default: break;
    }
    pipe_ends ends = make_pipe();
    if (where == standard_output::never_read) fill(ends.writer);
    if (where == standard_output::closed_pipe) ::close(std::exchange(ends.reader, -1));
    return ends;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts)
{
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

pid_t spawn(std::vector<std::string> arguments, std::vector<std::string> environment, int out, int err)
{
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (out >= 0) ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    else ::posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);

    arguments.insert(arguments.begin(), VMTASK_PROGRAM);
    for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, VMTASK_PROGRAM, &actions, nullptr, pointers_to(arguments).data(),
                                    pointers_to(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot run " VMTASK_PROGRAM);
    return pid;
}

/// Appends what there is to read. At the end closes the descriptor and sets it to -1.
void read_some(int& descriptor, std::string& into)
{
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
    else if (count == 0 || errno != EINTR) // a terminal's end is an error, EIO
        ::close(std::exchange(descriptor, -1));
}

std::size_t count(const std::string& text, const std::string& part)
{
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
    return found;
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

} // namespace

vmtask_program::vmtask_program(std::vector<std::string> arguments, standard_output where,
                               const std::vector<std::string>& environment)
{
    const pipe_ends out = make_standard_output(where);
    const pipe_ends err = make_pipe();
    pid_ = spawn(std::move(arguments), environment, out.writer, err.writer);
    if (out.writer >= 0) ::close(out.writer);
    ::close(err.writer);
    (where == standard_output::never_read ? unread_descriptor_ : out_descriptor_) = out.reader;
    err_descriptor_ = err.reader;
}

vmtask_program::~vmtask_program()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    for (const int descriptor : {out_descriptor_, err_descriptor_, unread_descriptor_})
        if (descriptor >= 0) ::close(descriptor);
}

void vmtask_program::send(int signal) const
{
    ::kill(pid_, signal);
}

bool vmtask_program::says(const std::string& text)
{
    return read_until([&] { return out_.find(text) != std::string::npos; });
}

bool vmtask_program::says_on_error(const std::string& text, std::size_t times)
{
    return read_until([&] { return count(err_, text) >= times; });
}

bool vmtask_program::has_ended() const
{
    siginfo_t ended{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid_;
}

int vmtask_program::exit_code()
{
    if (!read_until([this] { return out_descriptor_ < 0 && err_descriptor_ < 0; }))
        throw std::runtime_error("vmtask does not come to an end; so far: " + out_ + err_);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::vector<std::string> vmtask_program::out_lines() const
{
    return lines_of(out_);
}

std::vector<std::string> vmtask_program::err_lines() const
{
    return lines_of(err_);
}

template <class Predicate>
bool vmtask_program::read_until(Predicate holds)
{
    using namespace std::chrono;
    const auto deadline = steady_clock::now() + patience;
    while (!holds()) {
        const auto left = duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0 || (out_descriptor_ < 0 && err_descriptor_ < 0)) return false;
        std::array<pollfd, 2> streams{{{out_descriptor_, POLLIN, 0}, {err_descriptor_, POLLIN, 0}}};
        ::poll(streams.data(), streams.size(), static_cast<int>(left));
        if (streams[0].revents != 0) read_some(out_descriptor_, out_);
        if (streams[1].revents != 0) read_some(err_descriptor_, err_);
    }
    return true;
}

} // namespace vmtask::test
