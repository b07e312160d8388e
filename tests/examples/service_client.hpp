// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/vhd/program.hpp"
#include "support/vhd/temporary_folder.hpp"

#include <asio/generic/stream_protocol.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vmtask::test {

using json = nlohmann::json;

/// The example's server, listening on a socket in a folder of its own.
class service {
public:
    /// Starts it, by the command in front of its own options.
    explicit service(std::vector<std::string> command, const std::vector<std::string>& options = {});

    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
    [[nodiscard]] std::string socket() const { return (folder_ / "socket").string(); }

    void send(int signal) const;
    [[nodiscard]] bool says(const std::string& text) { return program_->says(text); }
    [[nodiscard]] int wait() { return program_->wait(); }

private:
    temporary_folder folder_;
    std::unique_ptr<program> program_;
};

/// One client: it sends lines and reads lines, each within a patience.
class service_client {
public:
    explicit service_client(const service& server);
    explicit service_client(std::uint16_t port);

    /// False when the server takes no more.
    bool say_text(const std::string& text);
    bool say(const json& request) { return say_text(request.dump() + '\n'); }

    /// The next answer; null when the server has closed the connection.
    [[nodiscard]] json hear();

    [[nodiscard]] json ask(const json& request);
    [[nodiscard]] json ask_line(const std::string& line);

    /// Posts the compaction and returns its task.
    [[nodiscard]] std::uint64_t compact(const std::string& disk);

    /// Whether that was so.
    [[nodiscard]] bool lost_patience() const;

    /// Says that it has nothing more to ask.
    void finish_sending();

private:
    explicit service_client(const asio::generic::stream_protocol::endpoint& server);

    asio::generic::stream_protocol::iostream stream_;
};

} // namespace vmtask::test
