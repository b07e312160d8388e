// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "structs.hpp"

#include <vmtask/c_api/engine.h>
#include <vmtask/c_api/terms.h>
#include <vmtask/c_api/vhd_options.h>

#include <vmtask/task_options.hpp>

#include <cstddef>

namespace vmtask::c_api {

/// How a task is posted on these terms; null: on none. Throws refusal.
[[nodiscard]] task_options task_options_on(const vmtask_terms* terms);

// Options that had no terms at first.
template <>
inline constexpr std::size_t first_size<vmtask_post_options> = offsetof(vmtask_post_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_create_options> = offsetof(vmtask_vhd_create_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_compact_options> = offsetof(vmtask_vhd_compact_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_convert_options> = offsetof(vmtask_vhd_convert_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_resize_options> = offsetof(vmtask_vhd_resize_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_merge_options> = offsetof(vmtask_vhd_merge_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_merge_into_options> = offsetof(vmtask_vhd_merge_into_options, terms);
template <>
inline constexpr std::size_t first_size<vmtask_vhd_check_options> = offsetof(vmtask_vhd_check_options, terms);

} // namespace vmtask::c_api
