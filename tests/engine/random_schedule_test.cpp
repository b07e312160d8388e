// SPDX-License-Identifier: BSL-1.0

// Does everything that the engine offers, in an order that a seed decides, and
// checks what must hold whatever the order; above all, that every task ends
// though nobody cancels it.
//
// VMTASK_SCHEDULES says how many seeds are run, VMTASK_FIRST_SEED from which on.
// A seed that shows a standstill goes into the list below with what it showed.

#include "schedule_driver.hpp"

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/patience.hpp"
#include "support/sanitized.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace vmtask;
using findings = std::vector<std::string>;

namespace {

constexpr int steps = 60;

findings run_schedule(unsigned seed)
{
    const auto patience =
        test::number_from_environment("VMTASK_PATIENCE_MS", test::patience / std::chrono::milliseconds(1));
    auto driver = std::make_unique<test::schedule_driver>(seed);
    driver->run(steps, std::chrono::milliseconds(patience));
    findings found = driver->findings();
    if (!driver->may_go()) (void)driver.release(); // its bodies stay, and refer to it
    return found;
}

} // namespace

TEST_CASE("whatever the order, every promise of the terms is kept, and all tasks end without a cancel",
          "[random_schedule]")
{
    const auto first = static_cast<unsigned>(test::number_from_environment("VMTASK_FIRST_SEED", 1));
    const auto count =
        static_cast<unsigned>(test::number_from_environment("VMTASK_SCHEDULES", test::is_sanitized ? 100 : 400));
    unsigned bad = 0;
    for (unsigned seed = first; seed < first + count && bad < 20; ++seed) {
        const findings found = run_schedule(seed);
        if (found.empty()) continue;
        ++bad;
        INFO("seed " << seed);
        CHECK(found == findings{});
    }
    std::cout << "random schedules from seed " << first << ": " << count << ", with findings: " << bad << '\n';
}
