// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "service_client.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

json wait_for(std::uint64_t task)
{
    return {{"id", "wait"}, {"request", "wait"}, {"task", task}};
}

json query(std::uint64_t task)
{
    return {{"id", "query"}, {"request", "query"}, {"task", task}};
}

} // namespace

TEST_CASE("the service compacts a disk and reports what it did", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);

    const std::uint64_t task = client.compact(disk.name());
    const json end = client.ask(wait_for(task));

    CHECK(end["id"] == "wait");
    CHECK(end["wait"] == "completed");
    CHECK(end["state"] == "succeeded");
    CHECK(end["percent"] == 100);
    CHECK(end["report"]["file_size_before"] == disk.worn_size());
    CHECK(end["report"]["file_size_after"] == disk.file_size());
    CHECK(end["report"]["blocks_freed"] == 4);
    CHECK(disk.file_size() < disk.worn_size());
    CHECK(disk.is_whole());
}

TEST_CASE("the service says why a task failed", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client client(server);

    const std::uint64_t task = client.compact("/nowhere/disk.vhd");
    const json end = client.ask(wait_for(task));

    CHECK(end["state"] == "failed");
    CHECK_THAT(end["failure"].get<std::string>(), ContainsSubstring("/nowhere/disk.vhd: there is no such file"));
}

TEST_CASE("the service lists the tasks of all clients", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client first(server);
    service_client second(server);
    const std::uint64_t earlier = first.compact("/nowhere/a.vhd");
    const std::uint64_t later = second.compact("/nowhere/b.vhd");

    const json tasks = first.ask(json{{"request", "list"}})["tasks"];

    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0]["task"] == earlier);
    CHECK(tasks[1]["task"] == later);
    CHECK(tasks[1]["description"] == "compact /nowhere/b.vhd");
}

TEST_CASE("a wait with the service times out and leaves the task running", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);
    const std::uint64_t task = client.compact(disk.name());
    REQUIRE(brake.holds());

    json wait = wait_for(task);
    wait["timeout_ms"] = 1;
    const json answer = client.ask(wait);
    CHECK(answer["wait"] == "timed_out");
    CHECK(answer["state"] == "running");

    brake.release();
    CHECK(client.ask(wait_for(task))["state"] == "succeeded");
}

TEST_CASE("the service answers other requests while a client waits", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);
    const std::uint64_t task = client.compact(disk.name());
    REQUIRE(brake.holds());

    client.say(wait_for(task));
    CHECK(client.ask(query(task))["id"] == "query");
    CHECK(client.ask(json{{"id", 7}, {"request", "list"}})["id"] == 7);

    brake.release();
    CHECK(client.hear()["id"] == "wait");
}

TEST_CASE("two clients' compactions of one disk run one after the other", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client first(server);
    service_client second(server);
    const std::uint64_t earlier = first.compact(disk.name());
    REQUIRE(brake.holds());
    const std::uint64_t later = second.compact(disk.name());

    const json waiting = second.ask(query(later));
    CHECK(waiting["state"] == "queued");
    CHECK(waiting["waits_for"] == json::array({earlier}));
    CHECK_FALSE(second.ask(query(earlier)).contains("waits_for"));

    brake.release();
    CHECK(first.ask(wait_for(earlier))["state"] == "succeeded");
    CHECK(second.ask(wait_for(later))["state"] == "succeeded");
}

TEST_CASE("one client cancels what another waits for", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client waiting(server);
    service_client cancelling(server);
    const std::uint64_t task = waiting.compact(disk.name());
    REQUIRE(brake.holds());
    waiting.say(wait_for(task));

    CHECK(cancelling.ask(query(task))["state"] == "running");
    CHECK(cancelling.ask(json{{"request", "cancel"}, {"task", task}})["state"] == "running");
    brake.release();

    const json end = waiting.hear();
    CHECK(end["wait"] == "completed");
    CHECK(end["state"] == "cancelled");
    CHECK(disk.is_whole());
    CHECK_THAT(cancelling.ask(json{{"request", "cancel"}, {"task", task}})["error"].get<std::string>(),
               ContainsSubstring("already ended"));
}

TEST_CASE("the service answers bad input with an error and goes on", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client client(server);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "no JSON object"},
        {"hello", "no JSON object"},
        {"[1]", "no JSON object"},
        {R"({"request": "list")", "no JSON object"},
        {"{\"request\": \"\xff\"}", "no JSON object"},
        {std::string(8000, '['), "no JSON object"},
        {"{}", R"("request" has to be a text)"},
        {R"({"request": 1})", R"("request" has to be a text)"},
        {R"({"request": "format"})", "there is no request"},
        {R"({"request": "compact"})", R"("disk" has to be a text)"},
        {R"({"request": "compact", "disk": "disk.vhd"})", "absolute path"},
        {R"({"request": "query"})", R"("task" has to be a whole number)"},
        {R"({"request": "query", "task": -1})", R"("task" has to be a whole number)"},
        {R"({"request": "query", "task": 1.5})", R"("task" has to be a whole number)"},
        {R"({"request": "query", "task": 99})", "there is no task 99"},
        {R"({"request": "cancel", "task": 99})", "there is no task 99"},
        {R"({"request": "wait", "task": 99})", "there is no task 99"},
        {R"({"request": "list", "id": [[]]})", R"("id" has to be)"},
    };
    for (const auto& [line, error] : cases) {
        const json answer = client.ask_line(line);
        INFO(line);
        REQUIRE(answer.is_object());
        CHECK_THAT(answer.value("error", ""), ContainsSubstring(error));
    }
    CHECK(client.ask_line(R"({"id": 5, "request": "query", "task": 99})")["id"] == 5);
    CHECK(client.ask(json{{"request", "list"}})["tasks"].empty());
}

TEST_CASE("the service refuses a time-out that is no number and takes an enormous one", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client client(server);
    const std::uint64_t task = client.compact("/nowhere/disk.vhd");
    json wait = wait_for(task);

    wait["timeout_ms"] = "soon";
    CHECK(client.ask(wait).contains("error"));
    wait["timeout_ms"] = -1;
    CHECK(client.ask(wait).contains("error"));
    wait["timeout_ms"] = std::numeric_limits<std::uint64_t>::max();
    CHECK(client.ask(wait)["wait"] == "completed");
}
