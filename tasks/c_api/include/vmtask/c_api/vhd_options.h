// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_VHD_OPTIONS_H
#define VMTASK_C_API_VHD_OPTIONS_H

#include <vmtask/c_api/base.h>
#include <vmtask/c_api/terms.h>

VMTASK_BEGIN_C

/// How a disk keeps its data. The values are the format's.
typedef int32_t vmtask_vhd_type;

enum {
    VMTASK_VHD_TYPE_DEFAULT = 0, // dynamic, or differencing where there is a parent
    VMTASK_VHD_TYPE_FIXED = 2,
    VMTASK_VHD_TYPE_DYNAMIC = 3,
    VMTASK_VHD_TYPE_DIFFERENCING = 4
};

/// What a written disk's file is to be.
typedef int32_t vmtask_vhd_format;

enum {
    VMTASK_VHD_FORMAT_DEFAULT = 0, // dynamic
    VMTASK_VHD_FORMAT_RAW = 1,     // the guest's bytes and nothing else
    VMTASK_VHD_FORMAT_FIXED = 2,
    VMTASK_VHD_FORMAT_DYNAMIC = 3
};

// Flags are 0 or not 0. Paths and other text may be null: there is none. So may
// the terms.

typedef struct vmtask_vhd_create_options {
    size_t struct_size;
    /// What the guest sees, in bytes: whole sectors, up to 2040 GiB. 0: as much
    /// as of the parent.
    uint64_t size_bytes;
    /// Makes the disk a differencing one, which shows this one until it is
    /// written to.
    const char* parent;
    vmtask_vhd_type type;
    /// Dynamic, differencing: a power of two. 0: 2 MiB, or the parent's.
    uint32_t block_size_bytes;
    /// Fixed: leave a hole instead of taking all the space. Windows refuses that.
    uint32_t sparse;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_create_options;

typedef struct vmtask_vhd_compact_options {
    size_t struct_size;
    /// How much is copied between two flushes. 0: 64 MiB.
    uint64_t batch_bytes;
    /// The disk's parent, instead of what the disk says of it.
    const char* parent;
    /// Also gives zeroed pages inside the blocks that stay back to the host's file
    /// system. Windows refuses such files.
    uint32_t punch_holes;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_compact_options;

typedef struct vmtask_vhd_convert_options {
    size_t struct_size;
    vmtask_vhd_format format;
    /// Dynamic: a power of two. 0: 2 MiB.
    uint32_t block_size_bytes;
    /// Raw and fixed: leave holes where there are zeros.
    uint32_t sparse;
    /// The source has the guest's bytes and nothing else. It has to be said: a raw
    /// disk may hold what looks like an image.
    uint32_t from_raw;
    const vmtask_terms* terms;
} vmtask_vhd_convert_options;

typedef struct vmtask_vhd_resize_options {
    size_t struct_size;
    /// What the guest is to see: whole sectors, not less than it sees now.
    uint64_t size_bytes;
    /// Fixed: leave a hole instead of taking the space that is added.
    uint32_t sparse;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_resize_options;

typedef struct vmtask_vhd_merge_options {
    size_t struct_size;
    /// The disk's parent, instead of what the disk says of it.
    const char* parent;
    /// Leave the disk where it is; it goes on showing what it did.
    uint32_t keep_child;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_merge_options;

typedef struct vmtask_vhd_merge_into_options {
    size_t struct_size;
    /// The disk's parent, instead of what the disk says of it.
    const char* parent;
    vmtask_vhd_format format;
    /// Dynamic: a power of two. 0: 2 MiB.
    uint32_t block_size_bytes;
    /// Raw and fixed: leave holes where there are zeros.
    uint32_t sparse;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_merge_into_options;

typedef struct vmtask_vhd_set_parent_options {
    size_t struct_size;
    /// Also take a disk that is not the parent by its id. Right only where it shows
    /// what the old one did, as a copy of it does.
    uint32_t ignore_id_mismatch;
    /// Zero.
    uint32_t reserved;
    const vmtask_terms* terms;
} vmtask_vhd_set_parent_options;

typedef struct vmtask_vhd_check_options {
    size_t struct_size;
    /// The disk's parent, instead of what the disk says of it.
    const char* parent;
    const vmtask_terms* terms;
} vmtask_vhd_check_options;

VMTASK_END_C

#endif
