// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"

#include "support/patience.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmtask::test {

brake::brake()
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    ours_ = ends[0];
    theirs_ = ends[1]; // inherited by the program
    ::fcntl(ours_, F_SETFD, FD_CLOEXEC);
}

brake::~brake()
{
    ::close(ours_);
    ::close(theirs_);
}

std::vector<std::string> brake::on(std::vector<std::string> command) const
{
    command.insert(command.begin(), {"env", "VMTASK_TEST_BRAKE=" + std::to_string(theirs_)});
    return command;
}

bool brake::holds() const
{
    pollfd event{ours_, POLLIN, 0};
    const auto limit = std::chrono::milliseconds(patience);
    return ::poll(&event, 1, static_cast<int>(limit.count())) == 1;
}

void brake::release() const
{
    const char byte = 0;
    (void)!::write(ours_, &byte, 1);
}

} // namespace vmtask::test
