// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/metrics.hpp>

#include <string>
#include <string_view>

namespace vmtask {

/// The metrics in Prometheus' text format, version 0.0.4: what a scrape of
/// `/metrics` answers, of type `text/plain; version=0.0.4; charset=utf-8`.
/// Times are in seconds; names begin with `vmtask_`.
///
/// `engine` becomes a label of that name, to tell several engines apart; none
/// when it is empty. It should be UTF-8. Only one snapshot can be in a text:
/// the format wants all that has one name together. Throws std::bad_alloc.
[[nodiscard]] std::string to_prometheus(const metrics_snapshot& metrics, std::string_view engine = {});

} // namespace vmtask
