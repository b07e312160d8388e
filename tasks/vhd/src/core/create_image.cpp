// SPDX-License-Identifier: BSL-1.0

#include <vmtask/vhd/create_image.hpp>
#include <vmtask/vhd/error.hpp>
#include <vmtask/vhd/guest_reader.hpp>
#include <vmtask/vhd/write_image.hpp>

#include "core/fail.hpp"
#include "core/silent_monitor.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vmtask::vhd {

namespace {

class empty_guest final : public guest_reader {
public:
    explicit empty_guest(std::uint64_t size) : size_(size) {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    void read(std::uint64_t, std::span<std::byte> into) override { std::ranges::fill(into, std::byte{}); }
    [[nodiscard]] std::uint64_t next_data(std::uint64_t) override { return size_; }

private:
    std::uint64_t size_;
};

} // namespace

create_report create_image(byte_store& store, const create_options& options, work_monitor& monitor)
{
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
