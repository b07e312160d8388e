// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vmtask/vhd/check_image.hpp>
#include <vmtask/vhd/compact_image.hpp>
#include <vmtask/vhd/convert_file.hpp>
#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/map_image.hpp>
#include <vmtask/vhd/merge_image.hpp>
#include <vmtask/vhd/resize_image.hpp>
#include <vmtask/vhd/set_image_parent.hpp>

#include "exit_code.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace vmtask::cli {

/// A result in both forms, for people and for machines.
struct description {
    std::string text; // whole lines
    nlohmann::ordered_json fields;
    exit_code code = exit_code::done;
};

[[nodiscard]] description describe(const std::string& disk, const vhd::create_report& done);
[[nodiscard]] description describe(const std::string& disk, const vhd::compact_report& done,
                                   std::chrono::duration<double> time);
[[nodiscard]] description describe(const std::string& source, const std::string& target,
                                   const vhd::convert_report& done, std::chrono::duration<double> time);
[[nodiscard]] description describe(const std::string& disk, const vhd::resize_report& done);
[[nodiscard]] description describe(const std::string& child, const vhd::merge_report& done,
                                   std::chrono::duration<double> time);
/// A chain that has been merged into a new disk.
[[nodiscard]] description describe_merged(const std::string& disk, const std::string& target,
                                          const vhd::write_report& done, std::chrono::duration<double> time);
[[nodiscard]] description describe(const std::string& disk, const vhd::set_parent_report& done);
[[nodiscard]] description describe(const std::string& disk, const vhd::chain_info& chain);
[[nodiscard]] description describe(const std::string& disk, const vhd::check_report& done);
[[nodiscard]] description describe(const vhd::mapped_range& range, bool is_first);

} // namespace vmtask::cli
