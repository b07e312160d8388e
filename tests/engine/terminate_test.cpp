// SPDX-License-Identifier: BSL-1.0
#include <vmtask/engine.hpp>

#include "support/catch.hpp"
#include "support/patience.hpp"

#include <asio/post.hpp>

#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace vmtask;

namespace {

constexpr int status_of_terminate = 42;

/// Has a handler throw in an engine that nobody told what to do about it. In a
/// process of its own, forked while there are no other threads.
[[noreturn]] void let_a_handler_throw()
{
    std::set_terminate([] { ::_exit(status_of_terminate); });
    vmtask::engine engine({.workers = 1});
    asio::post(engine.get_executor(), [] { throw std::runtime_error("escapes"); });
    std::this_thread::sleep_for(test::patience);
    ::_exit(EXIT_SUCCESS);
}

} // namespace

TEST_CASE("an exception that escapes a handler, with nobody to be told, ends the program", "[handler_exception]")
{
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) let_a_handler_throw();
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == status_of_terminate);
}
