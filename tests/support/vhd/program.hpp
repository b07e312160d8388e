// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace vmtask::test {

/// Whether a program of this name is in one of PATH's folders.
[[nodiscard]] inline bool is_installed(const std::string& program)
{
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
}

/// Another program, killed at the latest when the object is destroyed.
///
/// Its standard output and error come to us together, its standard input from us.
class program {
public:
    explicit program(std::vector<std::string> command)
    {
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) throw std::system_error(errno, std::generic_category());
        std::vector<char*> arguments;
        for (std::string& word : command) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        id_ = ::fork();
        if (id_ == 0) {
            ::dup2(in[0], 0);
            ::dup2(out[1], 1);
            ::dup2(out[1], 2);
            for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        output_ = out[0];
        if (id_ < 0) throw std::system_error(errno, std::generic_category());
    }

    program(const program&) = delete;
    program& operator=(const program&) = delete;

    ~program()
    {
        if (id_ > 0) ::kill(id_, SIGKILL);
        (void)wait();
        ::close(output_);
    }

    void say(std::string_view text) const { (void)!::write(input_, text.data(), text.size()); }

    /// Reads what it says until that contains `text`; false if it ends before.
    [[nodiscard]] bool says(std::string_view text)
    {
        while (heard_.find(text) == std::string::npos)
            if (!hear()) return false;
        return true;
    }

    /// Closes its input and waits for its end: its exit code, or 128 and the signal.
    int wait()
    {
        if (input_ >= 0) ::close(input_);
        input_ = -1;
        while (hear()) {
        }
        if (id_ > 0 && ::waitpid(id_, &status_, 0) == id_) id_ = -1;
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }

    [[nodiscard]] pid_t id() const noexcept { return id_; }
    [[nodiscard]] const std::string& heard() const noexcept { return heard_; }

private:
    bool hear()
    {
        std::array<char, 4096> part{};
        const ssize_t count = ::read(output_, part.data(), part.size());
        if (count < 0 && errno == EINTR) return true;
        if (count <= 0) return false;
        heard_.append(part.data(), static_cast<std::size_t>(count));
        return true;
    }

    pid_t id_ = -1;
    int input_ = -1;
    int output_ = -1;
    int status_ = 0;
    std::string heard_;
};

/// How a program ended, and what it said.
struct outcome {
    int code = 0;
    std::string output;
};

/// Runs a program to its end.
[[nodiscard]] inline outcome run(std::vector<std::string> command)
{
    program child(std::move(command));
    const int code = child.wait();
    return {code, child.heard()};
}

} // namespace vmtask::test
