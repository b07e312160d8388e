// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/vhd.h>

#include "guarded.hpp"
#include "start.hpp"
#include "structs.hpp"
#include "terms.hpp"

#include <vmtask/engine.hpp>
#include <vmtask/vhd/check.hpp>
#include <vmtask/vhd/compact.hpp>
#include <vmtask/vhd/convert.hpp>
#include <vmtask/vhd/create.hpp>
#include <vmtask/vhd/merge.hpp>
#include <vmtask/vhd/resize.hpp>
#include <vmtask/vhd/set_parent.hpp>

namespace c_api = vmtask::c_api;
namespace vhd = vmtask::vhd;

namespace {

const char* require_path(const char* path)
{
    return c_api::require(path, "a path is null");
}

vhd::chain_options chain_of(const char* parent)
{
    vhd::chain_options chain;
    if (parent != nullptr) chain.parent = parent;
    return chain;
}

vhd::image_format format_of(vmtask_vhd_format format)
{
    switch (format) {
    case VMTASK_VHD_FORMAT_RAW: return vhd::image_format::raw;
    case VMTASK_VHD_FORMAT_FIXED: return vhd::image_format::fixed;
    case VMTASK_VHD_FORMAT_DEFAULT:
    case VMTASK_VHD_FORMAT_DYNAMIC: return vhd::image_format::dynamic;
    default: throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "there is no such format"};
    }
}

/// Of the options that say what a disk is to be written as.
template <class Options>
vhd::write_options write_options_of(const Options& given)
{
    vhd::write_options options;
    options.format = format_of(given.format);
    options.sparse = given.sparse != 0;
    if (given.block_size_bytes != 0) options.block_size_bytes = given.block_size_bytes;
    return options;
}

/// Throws refusal unless the type goes with there being a parent or none.
void require_type(vmtask_vhd_type type, bool has_parent)
{
    switch (type) {
    case VMTASK_VHD_TYPE_DEFAULT: return;
    case VMTASK_VHD_TYPE_FIXED:
    case VMTASK_VHD_TYPE_DYNAMIC:
        if (has_parent) throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "only a differencing disk has a parent"};
        return;
    case VMTASK_VHD_TYPE_DIFFERENCING:
        if (!has_parent) throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "a differencing disk needs a parent"};
        return;
    default: throw c_api::refusal{VMTASK_E_INVALID_ARGUMENT, "there is no such type of disk"};
    }
}

vhd::create_options create_options_of(const vmtask_vhd_create_options& given)
{
    vhd::create_options options;
    options.size_bytes = given.size_bytes;
    options.sparse = given.sparse != 0;
    if (given.type == VMTASK_VHD_TYPE_FIXED) options.type = vhd::disk_type::fixed;
    if (given.block_size_bytes != 0) options.block_size_bytes = given.block_size_bytes;
    return options;
}

vhd::child_options child_options_of(const vmtask_vhd_create_options& given)
{
    vhd::child_options options;
    if (given.size_bytes != 0) options.size_bytes = given.size_bytes;
    if (given.block_size_bytes != 0) options.block_size_bytes = given.block_size_bytes;
    return options;
}

} // namespace

vmtask_status vmtask_vhd_create(vmtask_engine* engine, const char* path, const vmtask_vhd_create_options* options,
                                vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(path);
        const vmtask_vhd_create_options given = c_api::options_from(c_api::require(options, "options is null"));
        c_api::require_zero(given.reserved);
        require_type(given.type, given.parent != nullptr);
        if (given.parent == nullptr)
            return vhd::create(where, path, create_options_of(given), c_api::task_options_on(given.terms));
        return vhd::create_child(where, path, given.parent, child_options_of(given),
                                 c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_compact(vmtask_engine* engine, const char* path, const vmtask_vhd_compact_options* options,
                                 vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(path);
        const vmtask_vhd_compact_options given = c_api::options_from(options);
        c_api::require_zero(given.reserved);
        vhd::compact_options wanted;
        if (given.batch_bytes != 0) wanted.batch_bytes = given.batch_bytes;
        wanted.punch_holes = given.punch_holes != 0;
        return vhd::compact(where, path, wanted, chain_of(given.parent), c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_convert(vmtask_engine* engine, const char* from, const char* to,
                                 const vmtask_vhd_convert_options* options, vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(from);
        require_path(to);
        const vmtask_vhd_convert_options given = c_api::options_from(options);
        vhd::convert_options wanted;
        wanted.target = write_options_of(given);
        wanted.from_raw = given.from_raw != 0;
        return vhd::convert(where, from, to, wanted, c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_resize(vmtask_engine* engine, const char* path, const vmtask_vhd_resize_options* options,
                                vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(path);
        const vmtask_vhd_resize_options given = c_api::options_from(c_api::require(options, "options is null"));
        c_api::require_zero(given.reserved);
        vhd::resize_options wanted;
        wanted.size_bytes = given.size_bytes;
        wanted.sparse = given.sparse != 0;
        return vhd::resize(where, path, wanted, c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_merge(vmtask_engine* engine, const char* child, const vmtask_vhd_merge_options* options,
                               vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(child);
        const vmtask_vhd_merge_options given = c_api::options_from(options);
        c_api::require_zero(given.reserved);
        vhd::merge_options wanted;
        wanted.keep_child = given.keep_child != 0;
        wanted.chain = chain_of(given.parent);
        return vhd::merge(where, child, wanted, c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_merge_into(vmtask_engine* engine, const char* disk, const char* target,
                                    const vmtask_vhd_merge_into_options* options, vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(disk);
        require_path(target);
        const vmtask_vhd_merge_into_options given = c_api::options_from(options);
        c_api::require_zero(given.reserved);
        return vhd::merge_into(where, disk, target, write_options_of(given), chain_of(given.parent),
                               c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_set_parent(vmtask_engine* engine, const char* disk, const char* parent,
                                    const vmtask_vhd_set_parent_options* options, vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(disk);
        require_path(parent);
        const vmtask_vhd_set_parent_options given = c_api::options_from(options);
        c_api::require_zero(given.reserved);
        vhd::set_parent_options wanted;
        wanted.ignore_id_mismatch = given.ignore_id_mismatch != 0;
        return vhd::set_parent(where, disk, parent, wanted, c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_check(vmtask_engine* engine, const char* path, const vmtask_vhd_check_options* options,
                               vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(path);
        const vmtask_vhd_check_options given = c_api::options_from(options);
        return vhd::check(where, path, chain_of(given.parent), c_api::task_options_on(given.terms));
    });
}

vmtask_status vmtask_vhd_repair(vmtask_engine* engine, const char* path, const vmtask_vhd_check_options* options,
                                vmtask_task** task)
{
    return c_api::start(engine, task, [&](vmtask::engine& where) {
        require_path(path);
        const vmtask_vhd_check_options given = c_api::options_from(options);
        return vhd::repair(where, path, chain_of(given.parent), c_api::task_options_on(given.terms));
    });
}
