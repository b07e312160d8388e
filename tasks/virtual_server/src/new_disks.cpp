// SPDX-License-Identifier: BSL-1.0

#include "new_disks.hpp"

#include "guarded_call.hpp"
#include "paths.hpp"
#include "volume.hpp"

#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/format.hpp>
#include <vmtask/vhd/info.hpp>
#include <vmtask/vhd/merge.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace vmtask::virtual_server {

namespace {

constexpr std::uint64_t megabyte = 1U << 20;
constexpr long least_megabytes = 3;
constexpr long most_megabytes = vhd::largest_size_bytes / megabyte;

/// What the reference wants free for a disk that is to grow.
constexpr std::uint64_t least_space = 8 * megabyte;

void require_possible_size(long megabytes)
{
    const std::string size = std::to_string(megabytes) + " MB";
    if (megabytes <= 0) throw call_failure(E_INVALIDARG, size + ": give the size as a positive number");
    if (megabytes < least_megabytes)
        throw call_failure(VM_E_IMAGE_SIZE_TOO_SMALL,
                           size + ": a disk has at least " + std::to_string(least_megabytes));
    if (megabytes > most_megabytes)
        throw call_failure(VM_E_IMAGE_SIZE_TOO_LARGE, size + ": a disk has at most " + std::to_string(most_megabytes));
}

/// How long the file can become, of a dynamic disk with some to spare.
std::uint64_t expanded(std::uint64_t size, vhd::disk_type type) noexcept
{
    if (type == vhd::disk_type::fixed) return size + vhd::sector_size;
    constexpr std::uint64_t block = 2 * megabyte;
    constexpr std::uint64_t per_block = 4096 + sizeof(std::uint32_t); // its bitmap, padded, and its entry
    return size + (size / block + 1) * per_block + 8192;
}

std::uint64_t needed_now(std::uint64_t size, vhd::disk_type type) noexcept
{
    return type == vhd::disk_type::fixed ? expanded(size, type) : least_space;
}

} // namespace

task_handle start_creating(engine& where, const std::filesystem::path& path, long megabytes, vhd::disk_type type)
{
    require_new(path);
    require_possible_size(megabytes);
    vhd::create_options options;
    options.size_bytes = static_cast<std::uint64_t>(megabytes) * megabyte;
    options.type = type;

    const std::filesystem::path volume = nearest_folder(path.parent_path());
    require_room_for_file(volume, expanded(options.size_bytes, type));
    require_space(volume, needed_now(options.size_bytes, type));
    made_folder folder(path.parent_path());
    task_handle task = vhd::create(where, path, options);
    folder.keep();
    return task;
}

task_handle start_creating_child(engine& where, std::filesystem::path path, std::filesystem::path parent)
{
    if (path.is_relative() && parent.is_relative())
        throw call_failure(E_BAD_PATHNAME, path.string() + ", " + parent.string() + ": give one as an absolute path");
    if (path.is_relative()) path = (parent.parent_path() / path).lexically_normal();
    if (parent.is_relative()) parent = (path.parent_path() / parent).lexically_normal();
    require_new(path);
    // Its list has no code for a missing file, so that both are a missing path.
    if (!exists(parent)) throw call_failure(E_PATH_NOT_FOUND, parent.string() + ": there is no such parent");
    if (const vhd::chain_info chain = vhd::read_chain_info(parent); chain.error)
        throw call_failure(to_hresult(chain.error), chain.message);

    require_space(nearest_folder(path.parent_path()), least_space);
    made_folder folder(path.parent_path());
    task_handle task = vhd::create_child(where, path, parent);
    folder.keep();
    return task;
}

task_handle start_copying(engine& where, vhd::disk_chain chain, const std::filesystem::path& target,
                          vhd::disk_type type)
{
    const std::uint64_t size = chain.links().front().info.virtual_size;
    require_space(target.parent_path(), needed_now(size, type));
    vhd::write_options options;
    options.format = type == vhd::disk_type::fixed ? vhd::image_format::fixed : vhd::image_format::dynamic;
    return vhd::merge_into(where, std::move(chain), target, options);
}

} // namespace vmtask::virtual_server
