// SPDX-License-Identifier: BSL-1.0
#include "base/thread_group.hpp"

#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/mailbox.hpp"
#include "support/patience.hpp"

#include <asio/post.hpp>

#include <csignal>
#include <vector>

using namespace vmtask;
using test::patience;

namespace {

sigset_t mask_of_this_thread()
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return mask;
}

bool blocks(const sigset_t& mask, int number)
{
    return sigismember(&mask, number) == 1;
}

constexpr auto for_the_process = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE};
constexpr auto own = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

} // namespace

TEST_CASE("the engine's threads block the signals that are for the process", "[threads][signals]")
{
    test::mailbox<sigset_t> masks;
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_executor(), [&] { masks.put(mask_of_this_thread()); });
    // The second one is on a spare worker, started by the first.
    (void)engine.post([&](task_context&) {
        const task<> inner = engine.post([&](task_context&) { masks.put(mask_of_this_thread()); });
        (void)inner.wait_for_completion();
        masks.put(mask_of_this_thread());
    });

    REQUIRE(masks.holds(3));
    for (const sigset_t& mask : masks.letters()) {
        for (const int number : for_the_process) CHECK(blocks(mask, number));
        for (const int number : own) CHECK_FALSE(blocks(mask, number));
    }
}

TEST_CASE("making an engine leaves the maker's signals as they were", "[threads][signals]")
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    {
        const vmtask::engine engine({.workers = 2});
        CHECK(blocks(mask_of_this_thread(), SIGUSR2));
        CHECK_FALSE(blocks(mask_of_this_thread(), SIGTERM));
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
