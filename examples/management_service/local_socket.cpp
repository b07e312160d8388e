// SPDX-License-Identifier: BSL-1.0
#include "local_socket.hpp"

#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;
using unix_socket = asio::local::stream_protocol;
using asio::ip::tcp;

namespace {

/// Held while a socket is looked at and replaced. Without it, of two servers that
/// start at once, one could take the other's new socket for a dead one.
class folder_lock {
public:
    explicit folder_lock(const fs::path& folder) : descriptor_(::open(folder.c_str(), O_RDONLY | O_CLOEXEC))
    {
        if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX) != 0)
            throw std::system_error(errno, std::generic_category(), "cannot lock " + folder.string());
    }
    ~folder_lock() { ::close(descriptor_); }
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;

private:
    int descriptor_;
};

bool is_dead(asio::io_context& loop, const unix_socket::endpoint& place)
{
    std::error_code error;
    unix_socket::socket(loop).connect(place, error);
    return error == asio::error::connection_refused;
}

void remove_dead_socket(asio::io_context& loop, const std::string& path)
{
    const fs::file_status there = fs::symlink_status(path);
    if (!fs::exists(there)) return;
    if (!fs::is_socket(there))
        throw std::runtime_error(path + ": something that is no socket has that name; choose another path");
    if (!is_dead(loop, path))
        throw std::runtime_error(path + ": another server listens there; stop it or choose another path");
    fs::remove(path);
}

} // namespace

unix_socket::acceptor listen_on_path(asio::io_context& loop, const std::string& path)
{
    const folder_lock lock(fs::absolute(path).parent_path());
    remove_dead_socket(loop, path);
    unix_socket::acceptor acceptor(loop, unix_socket());
    acceptor.bind(path);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write); // nobody can connect before listen()
    acceptor.listen();
    return acceptor;
}

tcp::acceptor listen_on_port(asio::io_context& loop, std::uint16_t port)
{
    return tcp::acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), port));
}
