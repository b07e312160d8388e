// SPDX-License-Identifier: BSL-1.0

#include "output.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace vmtask::cli {

bool output::is_terminal() const noexcept
{
    return ::isatty(descriptor_) == 1;
}

std::size_t output::width() const noexcept
{
    winsize size{};
    if (::ioctl(descriptor_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

void output::write(std::string_view text) noexcept
{
    while (!error_ && !text.empty()) {
        const ssize_t written = ::write(descriptor_, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            // Whoever shares the stream with us has made it non-blocking.
            pollfd stream{descriptor_, POLLOUT, 0};
            ::poll(&stream, 1, -1);
        } else if (errno != EINTR) {
            error_.assign(errno, std::generic_category());
        }
    }
}

void output::write_if_ready(std::string_view text) noexcept
{
    pollfd stream{descriptor_, POLLOUT, 0};
    if (::poll(&stream, 1, 0) == 1) write(text);
}

void occupy_standard_descriptors() noexcept
{
    // The lowest free number is taken, so each round fills one gap; opened for
    // reading only, so that writing to it fails.
    for (;;) {
        const int descriptor = ::open("/dev/null", O_RDONLY);
        if (descriptor > STDERR_FILENO) ::close(descriptor);
        if (descriptor < 0 || descriptor > STDERR_FILENO) return;
    }
}

} // namespace vmtask::cli
