// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/vhd_info.h>

#include "codes.hpp"
#include "guarded.hpp"
#include "structs.hpp"

#include <vmtask/vhd/info.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>

namespace c_api = vmtask::c_api;
namespace vhd = vmtask::vhd;

static_assert(VMTASK_VHD_TYPE_FIXED == static_cast<int>(vhd::disk_type::fixed));
static_assert(VMTASK_VHD_TYPE_DYNAMIC == static_cast<int>(vhd::disk_type::dynamic));
static_assert(VMTASK_VHD_TYPE_DIFFERENCING == static_cast<int>(vhd::disk_type::differencing));
static_assert(VMTASK_VHD_FOUND_BY_CALLER == static_cast<int>(vhd::parent_source::given));
static_assert(VMTASK_VHD_FOUND_BY_RELATIVE_PATH == static_cast<int>(vhd::parent_source::relative_path));
static_assert(VMTASK_VHD_FOUND_BY_ABSOLUTE_PATH == static_cast<int>(vhd::parent_source::absolute_path));
static_assert(VMTASK_VHD_FOUND_BY_NAME == static_cast<int>(vhd::parent_source::name));

struct vmtask_vhd_chain {
    vhd::chain_info chain;
};

namespace {

vmtask_vhd_info in_c(const vhd::image_info& info)
{
    vmtask_vhd_info known{};
    known.virtual_size = info.virtual_size;
    known.original_size = info.original_size;
    known.file_size = info.file_size;
    known.allocated_on_host = info.allocated_on_host;
    known.size_for_ata = info.size_for_ata;
    known.size_for_qemu = info.size_for_qemu;
    known.size_for_libvhdi = info.size_for_libvhdi;
    known.created_at = std::chrono::floor<std::chrono::seconds>(info.created_at.time_since_epoch()).count();
    known.type = static_cast<vmtask_vhd_type>(info.type);
    known.block_size = info.block_size;
    known.blocks = info.blocks;
    known.blocks_allocated = info.blocks_allocated;
    known.creator_major = info.creator_major;
    known.creator_minor = info.creator_minor;
    known.cylinders = info.geometry.cylinders;
    known.heads = info.geometry.heads;
    known.sectors_per_track = info.geometry.sectors_per_track;
    known.saved_state = info.saved_state;
    known.from_footer_copy = info.footer == vhd::footer_source::copy_at_start;
    c_api::copy_text(known.creator, info.creator);
    c_api::copy_text(known.creator_host_os, info.creator_host_os);
    c_api::copy_text(known.id, vhd::to_string(info.id));
    return known;
}

vmtask_vhd_link in_c(const vhd::chain_link& link)
{
    vmtask_vhd_link known{};
    known.path = link.path.c_str();
    known.found_by = static_cast<vmtask_vhd_found_by>(link.found_by);
    known.seems_changed = link.seems_changed;
    return known;
}

} // namespace

vmtask_status vmtask_vhd_read_info(const char* path, vmtask_vhd_info* info)
{
    return c_api::guarded([&] {
        c_api::require(path, "a path is null");
        c_api::require(info, "there is no place for the info");
        c_api::report_to(info, in_c(vhd::read_info(path)));
    });
}

vmtask_status vmtask_vhd_read_chain(const char* path, const char* parent, vmtask_vhd_chain** chain)
{
    return c_api::guarded([&] {
        c_api::prepare(chain, "there is no place for the chain");
        c_api::require(path, "a path is null");
        vhd::chain_options options;
        if (parent != nullptr) options.parent = parent;
        *chain = new vmtask_vhd_chain{vhd::read_chain_info(path, options)};
    });
}

void vmtask_vhd_chain_release(vmtask_vhd_chain* chain)
{
    delete chain;
}

size_t vmtask_vhd_chain_length(const vmtask_vhd_chain* chain)
{
    return chain != nullptr ? chain->chain.links.size() : 0;
}

vmtask_status vmtask_vhd_chain_get(const vmtask_vhd_chain* chain, size_t number, vmtask_vhd_link* link,
                                   vmtask_vhd_info* info)
{
    return c_api::guarded([&] {
        const auto& links = c_api::require(chain, "chain is null")->chain.links;
        if (number >= links.size())
            throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "there is no image of this number in the chain"};
        if (link != nullptr) c_api::report_to(link, in_c(links[number]));
        if (info != nullptr) c_api::report_to(info, in_c(links[number].info));
    });
}

vmtask_status vmtask_vhd_chain_result(const vmtask_vhd_chain* chain)
{
    if (chain == nullptr) return c_api::fail(VMTASK_E_INVALID_ARGUMENT, "chain is null");
    const vhd::chain_info& known = chain->chain;
    if (!known.error) return VMTASK_OK;
    return c_api::fail(c_api::status_of(known.error), known.message.c_str(), c_api::system_error_of(known.error));
}
