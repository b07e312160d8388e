// SPDX-License-Identifier: BSL-1.0
//
// The main() of every test program. With Catch2 2 this is also the one file that
// contains the implementation of Catch2.

#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

/// ThreadSanitizer sees no order between the threads that drop one exception:
/// the count of its owners is kept inside a libstdc++ that is not instrumented.
extern "C" const char* __tsan_default_suppressions(); // NOLINT: its name is given
extern "C" const char* __tsan_default_suppressions()  // NOLINT
{
    return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}

int main(int argc, char** argv)
{
    return Catch::Session().run(argc, argv);
}
