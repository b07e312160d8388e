// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/error.hpp>

#include "core/fail.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace vmtask::vhd {

namespace {

struct message {
    errc code;
    const char* text;
};

// A reason; what to do.
constexpr message messages[] = {
    {errc::no_such_file, "there is no such file or folder; check the path"},
    {errc::already_exists, "a file of this name exists already; choose another name or remove it"},
    {errc::is_directory, "this is a folder, not a disk image; name the file in it"},
    {errc::not_a_regular_file, "this is not a regular file; only images in files are supported"},
    {errc::access_denied, "the file or its folder may not be accessed; check its owner and permissions"},
    {errc::read_only, "the file cannot be written; make it and its file system writable"},
    {errc::in_use, "another program has the file open; close it or shut the virtual machine down, then try again"},
    {errc::no_locks,
     "the file system cannot lock files, so nobody could be kept from using the disk meanwhile; copy "
     "it to another one"},
    {errc::empty_file, "the file is empty; restore it or create a disk under another name"},
    {errc::file_too_short, "the file is too short for a VHD image, it has been cut; restore it from a backup"},
    {errc::not_a_vhd,
     "this is not a VHD image, neither its end nor its start is a VHD footer; check the path, or "
     "restore it from a backup if it has been cut"},
    {errc::old_footer,
     "the image has the 511-byte footer of before Virtual PC 2004; convert it with the program that "
     "made it"},
    {errc::bad_footer_checksum, "the footer is damaged and there is no good copy; restore the image from a backup"},
    {errc::unsupported_version,
     "the image is of an unknown version of the format; convert it with the program that made it"},
    {errc::unsupported_type,
     "the disk is neither fixed, dynamic nor differencing; convert it with the program that made it"},
    {errc::bad_size, "the footer gives a size that the disk cannot have; restore the image from a backup"},
    {errc::bad_header, "the dynamic disk header is missing or impossible; restore the image from a backup"},
    {errc::bad_header_checksum, "the dynamic disk header is damaged; restore the image from a backup"},
    {errc::bad_block_size, "the block size is no power of two or too small; restore the image from a backup"},
    {errc::bad_table, "the block table does not fit the file or the disk; restore the image from a backup"},
    {errc::table_too_large, "the disk has more blocks than are supported; use larger blocks"},
    {errc::metadata_overlaps, "parts of the image overlap; restore it from a backup"},
    {errc::block_out_of_range,
     "the block table points outside the file, which may have been cut; restore the image from a "
     "backup"},
    {errc::blocks_overlap, "two blocks share a place in the file; restore the image from a backup"},
    {errc::parent_not_found, "the parent of this differencing disk is missing; put it back or say where it is"},
    {errc::wrong_parent,
     "this is not the parent that the differencing disk was made from; restore that one or say where it is"},
    {errc::parent_cycle, "the image is among its own parents; one of them has been replaced, restore it from a backup"},
    {errc::chain_too_long, "the disk has more parents than are supported; merge some of them"},
    {errc::parent_too_small, "the parent is smaller than its child; merge them into a new disk"},
    {errc::not_differencing, "the disk is not differencing, so it has no parent; name a differencing disk"},
    {errc::unusable_parent_name, "the parent's name is too long or not UTF-8, which the format cannot hold; rename it"},
    {errc::fixed_disk, "the disk is fixed, so it has no blocks to free; convert it to a dynamic one first"},
    {errc::differencing_disk,
     "the disk is differencing, and shows nothing without its parent; open it with its parent"},
    {errc::saved_state, "the virtual machine is in a saved state; resume it and shut it down first"},
    {errc::foreign_block_map,
     "the image carries XenServer's block map, which would become wrong; use XenServer's own tools"},
    {errc::invalid_size,
     "the size asked for is not possible; give a multiple of 512 bytes, more than 0 and at most 2040 "
     "GiB"},
    {errc::invalid_block_size,
     "the block size asked for is not possible; give a power of two from 512 bytes, usually 2 MiB"},
    {errc::unaligned_access, "only whole sectors can be read and written; give multiples of 512 bytes"},
    {errc::beyond_the_end, "this lies beyond the end of the disk; stay within its size"},
    {errc::disk_too_full, "the file has reached the format's limit of 2 TiB; compact the disk"},
    {errc::cannot_shrink, "a disk can only be made larger; give at least its present size"},
};

const char* text_of(errc code) noexcept
{
    const auto* const found = std::ranges::find(messages, code, &message::code);
    return found == std::end(messages) ? "unknown error; report it" : found->text;
}

class category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "vmtask.vhd"; }

    [[nodiscard]] std::string message(int value) const override { return text_of(static_cast<errc>(value)); }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override
    {
        switch (static_cast<errc>(value)) {
        case errc::no_such_file: return std::errc::no_such_file_or_directory;
        case errc::already_exists: return std::errc::file_exists;
        case errc::is_directory: return std::errc::is_a_directory;
        case errc::access_denied: return std::errc::permission_denied;
        case errc::read_only: return std::errc::read_only_file_system;
        case errc::in_use: return std::errc::device_or_resource_busy;
        case errc::no_locks: return std::errc::no_lock_available;
        case errc::invalid_size:
        case errc::invalid_block_size:
        case errc::cannot_shrink:
        case errc::unaligned_access: return std::errc::invalid_argument;
        default: return {value, *this};
        }
    }
};

} // namespace

const std::error_category& error_category() noexcept
{
    static const category instance;
    return instance;
}

std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), error_category()};
}

void detail::fail(std::string_view name, std::error_code code, std::string_view detail)
{
    std::string where(name);
    if (!detail.empty()) where.append(": ").append(detail);
    // A path may hold anything but is not to forge a second line.
    std::ranges::replace_if(
        where, [](unsigned char c) { return c < ' ' || c == 127; }, '?');
    throw std::system_error(code, where);
}

} // namespace vmtask::vhd
