// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <vmtask/vhd/layout.hpp>
#include <vmtask/vhd/resize_image.hpp>

namespace vmtask::vhd::detail {

/// resize_image() of a fixed disk that is to grow and may. `footer` is the new one.
void grow_fixed(byte_store& store, work_monitor& monitor, const resize_options& options, const layout& disk,
                const sector& footer);

/// The same of a dynamic disk; returns how many blocks have moved.
std::uint64_t grow_dynamic(byte_store& store, work_monitor& monitor, std::uint64_t size, layout disk,
                           const sector& footer);

/// Makes these bytes zeros, by writing where there is no hole.
void clear(byte_store& store, std::uint64_t offset, std::uint64_t end);

} // namespace vmtask::vhd::detail
