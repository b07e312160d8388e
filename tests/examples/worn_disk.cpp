// SPDX-License-Identifier: BSL-1.0

#include "worn_disk.hpp"

#include "support/vhd/guest.hpp"

#include <vmtask/vhd/create_file.hpp>
#include <vmtask/vhd/file_store.hpp>
#include <vmtask/vhd/image.hpp>

#include <utility>

namespace vmtask::test {

worn_disk::worn_disk(std::filesystem::path path) : path_(std::move(path))
{
    constexpr std::uint32_t block_size = 512U << 10;
    constexpr std::uint32_t blocks = 8;
    vhd::create_options options;
    options.size_bytes = blocks * block_size;
    options.block_size_bytes = block_size;
    (void)vhd::create_file(path_, options);

    vhd::file_store store(path_, vhd::file_access::write);
    vhd::image disk(store);
    guest writer(options.size_bytes, /*seed=*/2005);
    writer.write(disk, 0, noise(options.size_bytes, /*seed=*/11));
    for (std::uint32_t block = 0; block < blocks; block += 2)
        writer.write(disk, std::uint64_t{block} * block_size, std::vector<std::byte>(block_size));
    disk.flush();
    expected_ = writer.expected();
    worn_size_ = store.size();
}

bool worn_disk::is_whole() const
{
    vhd::file_store store(path_, vhd::file_access::read);
    return contents(store) == expected_;
}

} // namespace vmtask::test
