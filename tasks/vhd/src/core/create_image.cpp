// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/dynamic_header.hpp>
#include <vmtask/vhd/format.hpp>

#include "core/new_image.hpp"

#include <cstdint>
#include <vector>

namespace vmtask::vhd {

create_report create_image(byte_store& store, const create_options& options)
{
    detail::check_new_size(store, options.size_bytes);
    detail::check_new_blocks(store, options.size_bytes, options.block_size_bytes);
    dynamic_header header;
    header.table_offset = detail::new_table_offset;
    header.block_size = options.block_size_bytes;
    header.max_table_entries = static_cast<std::uint32_t>((options.size_bytes - 1) / options.block_size_bytes + 1);

    const sector footer =
        encode(detail::make_new_footer(options.size_bytes, disk_type::dynamic, options.id, options.timestamp));
    store.write(0, footer);
    store.write(detail::new_header_offset, encode(header));
    const std::vector<std::uint32_t> table(header.max_table_entries, unallocated);
    const std::uint64_t end = detail::write_table(store, header.table_offset, table);
    store.write(end, footer);
    store.flush();
    return {options.size_bytes, end + sector_size};
}

} // namespace vmtask::vhd
