// SPDX-License-Identifier: BSL-1.0
//
// The main() of every test program. With Catch2 2 this is also the one file that
// contains the implementation of Catch2.

#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

int main(int argc, char** argv)
{
    return Catch::Session().run(argc, argv);
}
