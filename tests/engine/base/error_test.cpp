// SPDX-License-Identifier: BSL-1.0
#include <vmtask/error.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace vmtask;

namespace {

struct meaning {
    errc code;
    std::optional<std::errc> condition;
};

const std::vector<meaning> meanings{
    {errc::cancelled, std::errc::operation_canceled},
    {errc::timed_out, std::errc::timed_out},
    {errc::would_deadlock, std::errc::resource_deadlock_would_occur},
    {errc::queue_full, std::errc::resource_unavailable_try_again},
    {errc::shutting_down, {}},
    {errc::not_cancelable, std::errc::operation_not_permitted},
    {errc::already_ended, {}},
    {errc::not_ended, {}},
    {errc::no_task, std::errc::invalid_argument},
    {errc::no_body, std::errc::invalid_argument},
    {errc::task_failed, {}},
    {errc::abandoned, {}},
    {errc::result_taken, {}},
    {errc::resource_busy, std::errc::device_or_resource_busy},
    {errc::unknown_lane, std::errc::invalid_argument},
    {errc::cycle, std::errc::resource_deadlock_would_occur},
    {errc::predecessor_failed, {}},
    {errc::already_begun, {}},
    {errc::not_paused, {}},
    {errc::other_engine, std::errc::invalid_argument},
    {errc::bad_options, std::errc::invalid_argument},
    {errc::no_events, std::errc::not_supported},
    {errc::no_worker, std::errc::resource_unavailable_try_again},
    {errc::not_journalled, std::errc::io_error},
    {errc::unknown_kind, std::errc::invalid_argument},
    {errc::kind_taken, std::errc::invalid_argument},
};

} // namespace

TEST_CASE("the table of error conditions has every code once, in order", "[error]")
{
    for (std::size_t i = 0; i < meanings.size(); ++i) CHECK(static_cast<std::size_t>(meanings[i].code) == i + 1);
    const std::error_code beyond(static_cast<int>(meanings.size()) + 1, engine_category());
    CHECK(beyond.message().find("unknown") != std::string::npos);
}

TEST_CASE("a code is the std::errc that means the same, and no other", "[error]")
{
    for (const auto& [code, condition] : meanings) {
        const std::error_code error = code;
        INFO(error.message());
        if (condition) CHECK(error == *condition);
        else CHECK(error.default_error_condition().category() == engine_category());
        CHECK(error == code);
        CHECK_FALSE(error == std::errc::no_such_file_or_directory);
        for (const auto& other : meanings)
            if (other.condition && other.condition != condition) CHECK_FALSE(error == *other.condition);
    }
}

TEST_CASE("a number that is no code maps to itself", "[error][bad_input]")
{
    const std::error_code unknown(77, engine_category());
    CHECK(unknown.default_error_condition() == std::error_condition(77, engine_category()));
}
