// SPDX-License-Identifier: BSL-1.0

#include "../../tasks/c_api/src/codes.hpp"

#include "support/catch.hpp"

#include <vmtask.h>

#include <vmtask/error.hpp>
#include <vmtask/vhd/error.hpp>

#include <map>
#include <new>
#include <string>
#include <system_error>

using namespace vmtask;
using c_api::status_of;

namespace {

/// Every code that the category has a message for.
template <class Errc>
void require_own_status_for_each(Errc last, const std::string& unknown)
{
    std::map<vmtask_status, int> taken;
    for (int value = 1; value <= static_cast<int>(last); ++value) {
        const std::error_code code = static_cast<Errc>(value);
        INFO(code.message());
        const vmtask_status status = status_of(code);
        REQUIRE(status != VMTASK_E_INTERNAL);
        CHECK(taken.emplace(status, value).second);
        CHECK(vmtask_status_message(status) == code.message());
    }
    CHECK(std::error_code(static_cast<Errc>(static_cast<int>(last) + 1)).message() == unknown);
}

} // namespace

TEST_CASE("every code of vhd has a status of its own", "[c_api]")
{
    const std::string unknown = vhd::make_error_code(static_cast<vhd::errc>(9999)).message();
    require_own_status_for_each(vhd::errc::cannot_shrink, unknown);
}

TEST_CASE("every code of the engine that a C program can meet has a status of its own", "[c_api]")
{
    // The others come of coroutines, of results that can be moved, of empty
    // handles and of null bodies, none of which there are in C.
    for (const errc code :
         {errc::cancelled, errc::timed_out, errc::would_deadlock, errc::queue_full, errc::shutting_down,
          errc::not_cancelable, errc::already_ended, errc::not_ended, errc::task_failed, errc::not_paused,
          errc::already_begun, errc::predecessor_failed, errc::resource_busy, errc::unknown_lane, errc::cycle,
          errc::other_engine, errc::bad_options, errc::no_worker}) {
        INFO(make_error_code(code).message());
        CHECK(status_of(code) != VMTASK_E_INTERNAL);
        CHECK(vmtask_status_message(status_of(code)) == make_error_code(code).message());
    }
}

TEST_CASE("errors of the system keep their number", "[c_api]")
{
    const std::error_code full(ENOSPC, std::generic_category());
    CHECK(status_of(full) == VMTASK_E_SYSTEM);
    CHECK(c_api::system_error_of(full) == ENOSPC);
    CHECK(status_of(std::make_error_code(std::errc::not_enough_memory)) == VMTASK_E_NO_MEMORY);
    CHECK(c_api::system_error_of(vhd::errc::in_use) == 0);
    CHECK(status_of({}) == VMTASK_OK);
}

TEST_CASE("a status has its name and a message", "[c_api]")
{
    CHECK(vmtask_status_name(VMTASK_OK) == std::string("VMTASK_OK"));
    CHECK(vmtask_status_name(VMTASK_E_IN_USE) == std::string("VMTASK_E_IN_USE"));
    CHECK(vmtask_status_name(VMTASK_E_USER + 3) == std::string("VMTASK_E_USER"));
    CHECK(vmtask_status_name(-5) == std::string("unknown"));
    CHECK(vmtask_status_message(-5) == std::string("unknown status"));
    CHECK(vmtask_status_message(VMTASK_E_GIVEN_UP) == std::string("the wait was given up"));
}
