// SPDX-License-Identifier: BSL-1.0
//
// Catch2, whether version 2 or 3, in the vocabulary of version 3.

#pragma once

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

#else

#include <catch2/catch.hpp>

#include <string>

namespace Catch::Matchers {

// NOLINTNEXTLINE(readability-identifier-naming): Catch2's own name.
inline auto ContainsSubstring(const std::string& part)
{
    return Contains(part);
}

} // namespace Catch::Matchers

#endif
