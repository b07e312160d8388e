// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_VHD_INFO_H
#define VMTASK_C_API_VHD_INFO_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/status.h>
#include <vmtask/c_api/vhd_options.h>

VMTASK_BEGIN_C

/// What there is to know about an image without reading its data. Sizes are in
/// bytes.
typedef struct vmtask_vhd_info {
    size_t struct_size;
    uint64_t virtual_size;
    uint64_t original_size; // when it was created
    uint64_t file_size;
    uint64_t allocated_on_host; // of the file, what is no hole; 0 where unknown
    uint64_t size_for_ata;      // that a guest with an ATA bus goes by
    uint64_t size_for_qemu;
    uint64_t size_for_libvhdi;
    int64_t created_at; // seconds since 1970-01-01 00:00:00 UTC
    vmtask_vhd_type type;
    uint32_t block_size;       // 0 for a fixed disk
    uint32_t blocks;           // that the disk has
    uint32_t blocks_allocated; // that have a place in the file
    uint16_t creator_major;
    uint16_t creator_minor;
    uint16_t cylinders;
    uint8_t heads;
    uint8_t sectors_per_track;
    uint8_t saved_state;      // 0 or 1
    uint8_t from_footer_copy; // 1: the footer at the end is damaged, the copy at the start was used
    char creator[8];          // as in "qemu"
    char creator_host_os[8];  // as in "Wi2k"
    char id[38];              // as in 6c0b2f4e-0a3d-4f0e-9a37-5a1b4b1b7f3a
} vmtask_vhd_info;

/// Reads it, on the calling thread. `info` is made ready by VMTASK_INIT.
///
/// Errors: all of the file and of the image.
VMTASK_API vmtask_status vmtask_vhd_read_info(const char* path, vmtask_vhd_info* info);

/// A disk and its parents, as far as they can be found and opened.
typedef struct vmtask_vhd_chain vmtask_vhd_chain;

/// Reads it, on the calling thread. `parent` is the disk's parent, instead of
/// what the disk says of it; it may be null.
///
/// To be given back by vmtask_vhd_chain_release(). Errors: as of
/// vmtask_vhd_read_info(), for the disk itself.
VMTASK_API vmtask_status vmtask_vhd_read_chain(const char* path, const char* parent, vmtask_vhd_chain** chain);

/// Gives back a chain. Null is fine.
VMTASK_API void vmtask_vhd_chain_release(vmtask_vhd_chain* chain);

/// What led to a parent.
typedef int32_t vmtask_vhd_found_by;

enum {
    VMTASK_VHD_FOUND_BY_CALLER = 0,
    VMTASK_VHD_FOUND_BY_RELATIVE_PATH = 1,
    VMTASK_VHD_FOUND_BY_ABSOLUTE_PATH = 2,
    VMTASK_VHD_FOUND_BY_NAME = 3
};

/// One image of a chain.
typedef struct vmtask_vhd_link {
    size_t struct_size;
    const char* path; // lives as long as the chain
    vmtask_vhd_found_by found_by;
    /// By its time and its child's note of it; worth a look and no more.
    uint32_t seems_changed; // 0 or 1
} vmtask_vhd_link;

/// How many images the chain has. Errors: 0 for a null chain.
VMTASK_API size_t vmtask_vhd_chain_length(const vmtask_vhd_chain* chain);

/// The image of that number; 0 is the disk itself. Either of `link` and `info`
/// may be null; both are made ready by VMTASK_INIT.
///
/// Errors: VMTASK_E_INVALID_ARGUMENT when there are no more.
VMTASK_API vmtask_status vmtask_vhd_chain_get(const vmtask_vhd_chain* chain, size_t number, vmtask_vhd_link* link,
                                              vmtask_vhd_info* info);

/// VMTASK_OK when the chain is whole, else why the next parent is missing.
VMTASK_API vmtask_status vmtask_vhd_chain_result(const vmtask_vhd_chain* chain);

VMTASK_END_C

#endif
