// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "service_client.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"

#include <csignal>
#include <filesystem>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

json wait_for(std::uint64_t task)
{
    return {{"request", "wait"}, {"task", task}};
}

} // namespace

TEST_CASE("a signal stops an idle service", "[examples][service]")
{
    const int signal = GENERATE(SIGTERM, SIGINT);
    service server({EXAMPLE_management_service});
    service_client client(server);

    server.send(signal);

    CHECK(client.hear().is_null());
    CHECK(server.wait() == 0);
    CHECK_FALSE(std::filesystem::exists(server.socket()));
}

TEST_CASE("SIGTERM cancels what runs and tells all who wait", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}), {"--workers", "1"});
    const worn_disk running(server / "running.vhd");
    const worn_disk queued(server / "queued.vhd");
    service_client first(server);
    service_client second(server);
    const std::uint64_t first_task = first.compact(running.name());
    const std::uint64_t second_task = second.compact(queued.name());
    REQUIRE(brake.holds());
    first.say(wait_for(first_task));
    second.say(wait_for(first_task));
    second.say(wait_for(second_task));

    server.send(SIGTERM);

    CHECK(second.hear()["state"] == "cancelled"); // the queued one, at once
    REQUIRE(server.says("stopping\n"));
    brake.release();
    for (service_client* client : {&first, &second}) {
        const json end = client->hear();
        CHECK(end["wait"] == "completed");
        CHECK(end["state"] == "cancelled");
        CHECK(client->hear().is_null());
    }
    CHECK(server.wait() == 0);
    CHECK_FALSE(std::filesystem::exists(server.socket()));
    CHECK(running.is_whole());
    CHECK(queued.is_whole());
}

TEST_CASE("a stopping service answers but takes no work and no clients", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);
    const std::uint64_t task = client.compact(disk.name());
    REQUIRE(brake.holds());

    server.send(SIGTERM);
    REQUIRE(server.says("stopping\n"));

    const json refused = client.ask(json{{"request", "compact"}, {"disk", disk.name()}});
    CHECK(refused.value("error", "") == "the service is stopping");
    CHECK(client.ask(json{{"request", "query"}, {"task", task}})["state"] == "running");
    service_client late(server);
    CHECK_FALSE(late.say(json{{"request", "list"}}));

    brake.release();
    CHECK(server.wait() == 0);
}

TEST_CASE("a second signal ends the service at once and the disk is whole", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);
    (void)client.compact(disk.name());
    REQUIRE(brake.holds());

    server.send(SIGTERM);
    REQUIRE(server.says("stopping\n"));
    server.send(SIGTERM);

    CHECK(server.wait() == 128 + SIGTERM);
    CHECK(disk.is_whole());
}
