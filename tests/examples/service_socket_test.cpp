// SPDX-License-Identifier: BSL-1.0

#include "service_client.hpp"

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

const json list_tasks{{"request", "list"}};

std::string leave_dead_socket(const temporary_folder& folder)
{
    std::string path = (folder / "dead").string();
    program killed({EXAMPLE_management_service, "--socket", path});
    REQUIRE(killed.says("listening"));
    ::kill(killed.id(), SIGKILL);
    killed.wait();
    REQUIRE(fs::is_socket(path));
    return path;
}

/// Whether the kernel lists the process as blocked, as in "3: -> FLOCK ADVISORY WRITE 1234 ...".
bool waits_for_lock(pid_t process)
{
    std::ifstream locks("/proc/locks");
    const std::regex blocked(".*-> FLOCK +\\w+ +\\w+ +" + std::to_string(process) + " .*");
    for (std::string line; std::getline(locks, line);)
        if (std::regex_match(line, blocked)) return true;
    return false;
}

} // namespace

TEST_CASE("only its own user can connect to the service", "[examples][service]")
{
    const service server({EXAMPLE_management_service});
    CHECK(fs::status(server.socket()).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a second service does not take the socket of the first", "[examples][service]")
{
    service server({EXAMPLE_management_service});

    const outcome second = run({EXAMPLE_management_service, "--socket", server.socket()});

    CHECK(second.code == 1);
    CHECK_THAT(second.output, ContainsSubstring(server.socket() + ": another server listens there"));
    service_client client(server);
    CHECK(client.ask(list_tasks).contains("tasks"));
}

TEST_CASE("a service replaces the socket that a killed one left", "[examples][service]")
{
    const temporary_folder folder;
    const std::string path = leave_dead_socket(folder);

    program server({EXAMPLE_management_service, "--socket", path});
    REQUIRE(server.says("listening"));
    ::kill(server.id(), SIGTERM);
    CHECK(server.wait() == 0);
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("of services that start at once only one gets the dead socket", "[examples][service]")
{
    const temporary_folder folder;
    const std::string path = leave_dead_socket(folder);
    const int folder_descriptor = ::open(folder.path().c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(folder_descriptor, LOCK_EX) == 0);
    std::vector<std::unique_ptr<program>> servers;
    for (int i = 0; i < 4; ++i)
        servers.push_back(
            std::make_unique<program>(std::vector<std::string>{EXAMPLE_management_service, "--socket", path}));
    for (const auto& server : servers) REQUIRE(eventually([&] { return waits_for_lock(server->id()); }));

    ::close(folder_descriptor); // now all go on at once
    int listening = 0;
    for (const auto& server : servers) listening += server->says("listening") ? 1 : 0;

    CHECK(listening == 1);
}

TEST_CASE("a service leaves alone what is no socket", "[examples][service]")
{
    const temporary_folder folder;
    const std::string path = (folder / "letter.txt").string();
    std::ofstream(path) << "dear reader";

    const outcome ended = run({EXAMPLE_management_service, "--socket", path});

    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, ContainsSubstring("letter.txt: something that is no socket has that name"));
    CHECK(fs::file_size(path) == 11);
}

TEST_CASE("the service listens on a port of the loopback", "[examples][service]")
{
    program server({EXAMPLE_management_service, "--port", "0"});
    REQUIRE(server.says("\n"));
    const std::string& heard = server.heard();
    REQUIRE_THAT(heard, Catch::Matchers::StartsWith("listening on 127.0.0.1:"));
    service_client client(static_cast<std::uint16_t>(std::stoi(heard.substr(heard.rfind(':') + 1))));

    CHECK(client.ask(list_tasks).contains("tasks"));

    ::kill(server.id(), SIGTERM);
    CHECK(client.hear().is_null());
    CHECK(server.wait() == 0);
}

TEST_CASE("the service explains its options and refuses others", "[examples][service]")
{
    const outcome help = run({EXAMPLE_management_service, "--help"});
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Catch::Matchers::StartsWith("usage: management_service"));

    const std::vector<std::vector<std::string>> bad = {{"--prot", "1"},    {"--port"},           {"--port", "65536"},
                                                       {"--workers", "0"}, {"--patience", "1s"}, {"socket"}};
    for (std::vector<std::string> command : bad) {
        command.insert(command.begin(), EXAMPLE_management_service);
        CHECK(run(command).code == 2);
    }
}
