// SPDX-License-Identifier: BSL-1.0

#include "brake.hpp"
#include "service_client.hpp"
#include "worn_disk.hpp"

#include "support/catch.hpp"
#include "support/patience.hpp"

using namespace vmtask::test;
using Catch::Matchers::ContainsSubstring;

namespace {

const json list_tasks{{"id", "list"}, {"request", "list"}};

constexpr std::size_t most_clients = 64;
constexpr std::size_t most_waits = 64;

} // namespace

TEST_CASE("the service skips a line that is too long", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client client(server);

    const json answer = client.ask_line(std::string(100'000, 'x'));
    CHECK_THAT(answer.value("error", ""), ContainsSubstring("too long"));
    CHECK(client.ask(list_tasks)["id"] == "list");
}

TEST_CASE("the service drops a client that does not read and serves the others", "[examples][service]")
{
    service server({EXAMPLE_management_service}, {"--patience", "1"});
    service_client flooding(server);

    // What fits between the two is far less. Were it read all the time, it could
    // send for ever; were it not dropped, it would be stuck in sending.
    constexpr std::size_t enough = std::size_t{2} << 20;
    const std::string request = list_tasks.dump() + std::string(1000, ' ') + '\n';
    std::size_t sent = 0;
    while (sent < enough && flooding.say_text(request)) sent += request.size();
    CHECK(sent < enough);
    CHECK_FALSE(flooding.lost_patience());

    service_client other(server);
    CHECK(other.ask(list_tasks)["id"] == "list");
}

TEST_CASE("the service refuses more clients than it can serve", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    std::vector<std::unique_ptr<service_client>> clients;
    for (std::size_t i = 0; i < most_clients; ++i) {
        clients.push_back(std::make_unique<service_client>(server));
        REQUIRE(clients.back()->ask(list_tasks)["id"] == "list");
    }

    service_client further(server);
    CHECK(further.hear()["error"] == "too many clients");
    CHECK(further.hear().is_null());
    CHECK(clients.front()->ask(list_tasks)["id"] == "list");
}

TEST_CASE("the service bounds the waits of a client", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client client(server);
    const json wait{{"id", "wait"}, {"request", "wait"}, {"task", client.compact(disk.name())}};
    REQUIRE(brake.holds());

    for (std::size_t i = 0; i < most_waits; ++i) client.say(wait);
    CHECK_THAT(client.ask(wait).value("error", ""), ContainsSubstring("too many waits"));

    brake.release();
    for (std::size_t i = 0; i < most_waits; ++i) CHECK(client.hear()["wait"] == "completed");
}

TEST_CASE("a client that leaves gives up its waits and leaves the task alone", "[examples][service]")
{
    const brake brake;
    service server(brake.on({HELD_management_service}));
    const worn_disk disk(server / "disk.vhd");
    service_client staying(server);
    const std::uint64_t task = staying.compact(disk.name());
    REQUIRE(brake.holds());

    // More than can be served at once, so each has to be gone for good.
    for (std::size_t i = 0; i < 2 * most_clients; ++i) {
        REQUIRE(eventually([&] {
            service_client leaving(server);
            leaving.say(json{{"id", "wait"}, {"request", "wait"}, {"task", task}});
            const json answer = leaving.ask(list_tasks); // none when it was refused
            return answer.is_object() && answer.value("id", json()) == "list";
        }));
    }
    CHECK(staying.ask(json{{"request", "query"}, {"task", task}})["state"] == "running");

    brake.release();
    CHECK(staying.ask(json{{"request", "wait"}, {"task", task}})["state"] == "succeeded");
}

TEST_CASE("a client that has sent all its requests is still answered", "[examples][service]")
{
    service server({EXAMPLE_management_service});
    service_client client(server);

    client.say(list_tasks);
    client.finish_sending();

    CHECK(client.hear()["id"] == "list");
    CHECK(client.hear().is_null());
}
