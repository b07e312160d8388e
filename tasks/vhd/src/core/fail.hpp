// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/byte_store.hpp>
#include <vmtask/vhd/error.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace vmtask::vhd::detail {

/// Throws std::system_error: "NAME: the code's message", or with a detail
/// "NAME: detail: the code's message". Always one line.
[[noreturn]] void fail(std::string_view name, std::error_code code, std::string_view detail = {});

[[noreturn]] inline void fail(const byte_store& store, errc code, std::string_view detail = {})
{
    fail(store.name(), code, detail);
}

} // namespace vmtask::vhd::detail
