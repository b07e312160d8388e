// SPDX-License-Identifier: BSL-1.0

#include <vmtask/c_api/status.h>

#include "codes.hpp"

// The C++ headers say the same version, under the same name.
static_assert(VMTASK_VERSION == VMTASK_VERSION_MAJOR * 10000 + VMTASK_VERSION_MINOR * 100 + VMTASK_VERSION_PATCH);
#include <vmtask/version.hpp>

#define VMTASK_TEXT(x) VMTASK_TEXT_OF(x)
#define VMTASK_TEXT_OF(x) #x

uint32_t vmtask_version(void)
{
    return VMTASK_VERSION;
}

const char* vmtask_version_string(void)
{
    return VMTASK_TEXT(VMTASK_VERSION_MAJOR) "." VMTASK_TEXT(VMTASK_VERSION_MINOR) "." VMTASK_TEXT(
        VMTASK_VERSION_PATCH);
}

const char* vmtask_status_name(vmtask_status status)
{
    const char* const name = vmtask::c_api::name_of(status);
    return name != nullptr ? name : "unknown";
}

const char* vmtask_status_message(vmtask_status status)
{
    return vmtask::c_api::message_of(status);
}
