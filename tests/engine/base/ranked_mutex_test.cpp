// SPDX-License-Identifier: BSL-1.0
#include "base/ranked_mutex.hpp"

#include "support/catch.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace vmtask::detail;

TEST_CASE("a ranked mutex is as large as the mutex in it", "[ranked_mutex]")
{
    CHECK(sizeof(ranked_mutex<lock_rank::task, small_mutex>) == 4);
    CHECK(sizeof(ranked_mutex<lock_rank::wait_graph, std::mutex>) == sizeof(std::mutex));
}

TEST_CASE("locks may be taken in the order of their ranks, with any guard", "[ranked_mutex]")
{
    ranked_mutex<lock_rank::waiting_room, small_mutex> room;
    ranked_mutex<lock_rank::task, small_mutex> task;
    ranked_mutex<lock_rank::scheduler, std::mutex> board;
    {
        const mutex_guard first(room);
        const std::lock_guard second(task);
        const std::unique_lock third(board, std::try_to_lock);
        CHECK(third.owns_lock());
    }
    // Nothing is left of it: the last may be the first now.
    const std::lock_guard last(board);
    CHECK(true);
}

TEST_CASE("a ranked mutex that somebody has is refused to others", "[ranked_mutex]")
{
    ranked_mutex<lock_rank::task, small_mutex> small;
    bool was_free = true;
    {
        const std::lock_guard held(small);
        std::thread([&] { was_free = std::unique_lock(small, std::try_to_lock).owns_lock(); }).join();
    }
    CHECK_FALSE(was_free);
}

TEST_CASE("a condition variable waits with a ranked mutex", "[ranked_mutex]")
{
    ranked_mutex<lock_rank::event_loop, small_mutex> mutex;
    std::condition_variable_any changed;
    bool is_changed = false;
    std::thread other([&] {
        const std::lock_guard lock(mutex);
        is_changed = true;
        changed.notify_one();
    });
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return is_changed; });
    }
    other.join();
    CHECK(is_changed);
}
