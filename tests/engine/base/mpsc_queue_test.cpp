// SPDX-License-Identifier: BSL-1.0
#include "base/mpsc_queue.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using vmtask::detail::mpsc_queue;

namespace {

struct parcel {
    int sender = 0;
    int number = 0;
    std::atomic<parcel*> next_{nullptr};
};

/// Takes out as many as there are to come; how many came out of turn.
int count_out_of_turn(mpsc_queue<parcel>& queue, int senders, int each)
{
    std::vector<int> expected(static_cast<std::size_t>(senders), 0);
    int out_of_turn = 0;
    for (int left = senders * each; left > 0;) {
        const parcel* const taken = queue.pop();
        if (!taken) continue;
        --left;
        if (taken->number != expected[static_cast<std::size_t>(taken->sender)]++) ++out_of_turn;
    }
    return out_of_turn;
}

} // namespace

TEST_CASE("what arrives first leaves first", "[mpsc_queue]")
{
    mpsc_queue<parcel> queue;
    std::vector<parcel> parcels(3);

    CHECK(queue.empty());
    CHECK(queue.add(parcels[0]));
    CHECK_FALSE(queue.add(parcels[1]));
    CHECK_FALSE(queue.empty());
    CHECK(queue.pop() == &parcels[0]);
    CHECK_FALSE(queue.add(parcels[2]));
    CHECK(queue.pop() == &parcels[1]);
    CHECK(queue.pop() == &parcels[2]);
    CHECK(queue.pop() == nullptr);
    CHECK(queue.empty());
    CHECK(queue.add(parcels[0]));
}

TEST_CASE("draining takes everything that was there, in order", "[mpsc_queue]")
{
    mpsc_queue<parcel> queue;
    std::vector<parcel> parcels(3);
    for (parcel& each : parcels) queue.add(each);

    std::vector<const parcel*> drained;
    queue.drain([&](const parcel& each) { drained.push_back(&each); });

    CHECK(drained == std::vector<const parcel*>{&parcels[0], &parcels[1], &parcels[2]});
    CHECK(queue.empty());
}

TEST_CASE("of what several threads add at once nothing is lost or changes places", "[mpsc_queue]")
{
    constexpr int senders = 3;
    constexpr int each = 20'000;
    mpsc_queue<parcel> queue;
    std::vector<std::thread> threads;
    std::vector<std::vector<parcel>> parcels(senders);
    for (int sender = 0; sender < senders; ++sender) {
        parcels[static_cast<std::size_t>(sender)] = std::vector<parcel>(each);
        threads.emplace_back([&, sender] {
            int number = 0;
            for (parcel& sent : parcels[static_cast<std::size_t>(sender)]) {
                sent.sender = sender;
                sent.number = number++;
                queue.add(sent);
            }
        });
    }

    const int out_of_turn = count_out_of_turn(queue, senders, each);

    for (std::thread& one : threads) one.join();
    CHECK(out_of_turn == 0);
    CHECK(queue.empty());
}
