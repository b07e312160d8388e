// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/write_image.hpp>

#include "core/fail.hpp"
#include "core/new_image.hpp"
#include "core/parent_locators.hpp"
#include "core/silent_monitor.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vmtask::vhd {

namespace {

class empty_guest final : public guest_reader {
public:
    explicit empty_guest(std::uint64_t size) : size_(size) {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    void read(std::uint64_t, std::span<std::byte> into) override { std::fill(into.begin(), into.end(), std::byte{}); }
    [[nodiscard]] std::uint64_t next_data(std::uint64_t) override { return size_; }

private:
    std::uint64_t size_;
};

create_report create_differencing(byte_store& store, const create_options& options)
{
    detail::check_new_size(store, options.size_bytes);
    detail::check_new_blocks(store, options.size_bytes, options.block_size_bytes);
    const detail::new_locators locators(store, *options.parent);
    dynamic_header header;
    header.block_size = options.block_size_bytes;
    header.max_table_entries = static_cast<std::uint32_t>((options.size_bytes - 1) / options.block_size_bytes + 1);
    // Before the table: QEMU, which does not know of them, puts blocks behind it.
    locators.describe(header, detail::new_table_offset);
    header.table_offset = locators.write(store, detail::new_table_offset);

    const std::vector<std::uint32_t> table(header.max_table_entries, unallocated);
    const std::uint64_t end = detail::write_table(store, header.table_offset, table);
    store.write(detail::new_header_offset, encode(header));
    // Else the power might go and leave a disk that does not know its parent.
    store.flush();

    const disk_footer footer =
        detail::make_new_footer(options.size_bytes, disk_type::differencing, options.id, options.timestamp);
    store.write(0, encode(footer));
    store.write(end, encode(footer));
    store.flush();
    return {options.size_bytes, end + sector_size, footer.geometry};
}

} // namespace

create_report create_image(byte_store& store, const create_options& options, work_monitor& monitor)
{
    if (options.parent) return create_differencing(store, options);
    if (options.type != disk_type::fixed && options.type != disk_type::dynamic)
        detail::fail(store, errc::unsupported_type);
    write_options wanted;
    wanted.format = options.type == disk_type::fixed ? image_format::fixed : image_format::dynamic;
    wanted.sparse = options.sparse;
    wanted.block_size_bytes = options.block_size_bytes;
    wanted.id = options.id;
    wanted.timestamp = options.timestamp;
    empty_guest nothing(options.size_bytes);
    const write_report done = write_image(store, nothing, wanted, monitor);
    return {done.virtual_size, done.file_size, done.geometry};
}

create_report create_image(byte_store& store, const create_options& options)
{
    detail::silent_monitor nobody;
    return create_image(store, options, nobody);
}

} // namespace vmtask::vhd
