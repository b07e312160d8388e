// SPDX-License-Identifier: BSL-1.0

#include "codes.hpp"

#include <vmtask/error.hpp>
#include <vmtask/vhd/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>

namespace vmtask::c_api {

namespace {

/// A status, and either its own text or the code that has one.
struct entry {
    vmtask_status status;
    const char* name;
    const char* text = nullptr;
    errc engine{};
    vhd::errc disk{};
};

// What a status is called is what the header calls it.
#define VMTASK_OWN(status, text)                                                                                       \
    entry                                                                                                              \
    {                                                                                                                  \
        status, #status, text                                                                                          \
    }
#define VMTASK_ENGINE(status, code)                                                                                    \
    entry                                                                                                              \
    {                                                                                                                  \
        status, #status, nullptr, errc::code                                                                           \
    }
#define VMTASK_DISK(status, code)                                                                                      \
    entry                                                                                                              \
    {                                                                                                                  \
        status, #status, nullptr, {}, vhd::errc::code                                                                  \
    }

constexpr std::array entries{
    VMTASK_OWN(VMTASK_OK, "success"),
    VMTASK_OWN(VMTASK_E_INVALID_ARGUMENT, "an argument is null or out of range"),
    VMTASK_OWN(VMTASK_E_STRUCT_SIZE, "struct_size is not set; use VMTASK_INIT"),
    VMTASK_OWN(VMTASK_E_UNKNOWN_OPTION, "the options ask for what this version does not know"),
    VMTASK_OWN(VMTASK_E_NO_MEMORY, "out of memory"),
    VMTASK_OWN(VMTASK_E_SYSTEM, "the system reports an error"),
    VMTASK_OWN(VMTASK_E_INTERNAL, "internal error"),
    VMTASK_ENGINE(VMTASK_E_TIMED_OUT, timed_out),
    VMTASK_ENGINE(VMTASK_E_WOULD_DEADLOCK, would_deadlock),
    VMTASK_OWN(VMTASK_E_GIVEN_UP, "the wait was given up"),
    VMTASK_ENGINE(VMTASK_E_NO_WORKER, no_worker),
    VMTASK_ENGINE(VMTASK_E_CANCELLED, cancelled),
    VMTASK_ENGINE(VMTASK_E_NOT_CANCELABLE, not_cancelable),
    VMTASK_ENGINE(VMTASK_E_ALREADY_ENDED, already_ended),
    VMTASK_ENGINE(VMTASK_E_NOT_ENDED, not_ended),
    VMTASK_ENGINE(VMTASK_E_TASK_FAILED, task_failed),
    VMTASK_OWN(VMTASK_E_NO_TASK, "there is no task of this id, or none that is kept"),
    VMTASK_OWN(VMTASK_E_NO_REPORT, "this handle's task has no report of this kind"),
    VMTASK_ENGINE(VMTASK_E_NOT_PAUSED, not_paused),
    VMTASK_ENGINE(VMTASK_E_ALREADY_BEGUN, already_begun),
    VMTASK_ENGINE(VMTASK_E_PREDECESSOR_FAILED, predecessor_failed),
    VMTASK_ENGINE(VMTASK_E_QUEUE_FULL, queue_full),
    VMTASK_ENGINE(VMTASK_E_SHUTTING_DOWN, shutting_down),
    VMTASK_ENGINE(VMTASK_E_RESOURCE_BUSY, resource_busy),
    VMTASK_ENGINE(VMTASK_E_UNKNOWN_LANE, unknown_lane),
    VMTASK_ENGINE(VMTASK_E_CYCLE, cycle),
    VMTASK_ENGINE(VMTASK_E_OTHER_ENGINE, other_engine),
    VMTASK_ENGINE(VMTASK_E_BAD_TERMS, bad_options),
    VMTASK_DISK(VMTASK_E_NO_SUCH_FILE, no_such_file),
    VMTASK_DISK(VMTASK_E_ALREADY_EXISTS, already_exists),
    VMTASK_DISK(VMTASK_E_IS_DIRECTORY, is_directory),
    VMTASK_DISK(VMTASK_E_NOT_A_REGULAR_FILE, not_a_regular_file),
    VMTASK_DISK(VMTASK_E_ACCESS_DENIED, access_denied),
    VMTASK_DISK(VMTASK_E_READ_ONLY, read_only),
    VMTASK_DISK(VMTASK_E_IN_USE, in_use),
    VMTASK_DISK(VMTASK_E_NO_LOCKS, no_locks),
    VMTASK_DISK(VMTASK_E_EMPTY_FILE, empty_file),
    VMTASK_DISK(VMTASK_E_FILE_TOO_SHORT, file_too_short),
    VMTASK_DISK(VMTASK_E_NOT_A_VHD, not_a_vhd),
    VMTASK_DISK(VMTASK_E_OLD_FOOTER, old_footer),
    VMTASK_DISK(VMTASK_E_BAD_FOOTER_CHECKSUM, bad_footer_checksum),
    VMTASK_DISK(VMTASK_E_UNSUPPORTED_VERSION, unsupported_version),
    VMTASK_DISK(VMTASK_E_UNSUPPORTED_TYPE, unsupported_type),
    VMTASK_DISK(VMTASK_E_BAD_SIZE, bad_size),
    VMTASK_DISK(VMTASK_E_BAD_HEADER, bad_header),
    VMTASK_DISK(VMTASK_E_BAD_HEADER_CHECKSUM, bad_header_checksum),
    VMTASK_DISK(VMTASK_E_BAD_BLOCK_SIZE, bad_block_size),
    VMTASK_DISK(VMTASK_E_BAD_TABLE, bad_table),
    VMTASK_DISK(VMTASK_E_TABLE_TOO_LARGE, table_too_large),
    VMTASK_DISK(VMTASK_E_METADATA_OVERLAPS, metadata_overlaps),
    VMTASK_DISK(VMTASK_E_BLOCK_OUT_OF_RANGE, block_out_of_range),
    VMTASK_DISK(VMTASK_E_BLOCKS_OVERLAP, blocks_overlap),
    VMTASK_DISK(VMTASK_E_PARENT_NOT_FOUND, parent_not_found),
    VMTASK_DISK(VMTASK_E_WRONG_PARENT, wrong_parent),
    VMTASK_DISK(VMTASK_E_PARENT_CYCLE, parent_cycle),
    VMTASK_DISK(VMTASK_E_CHAIN_TOO_LONG, chain_too_long),
    VMTASK_DISK(VMTASK_E_PARENT_TOO_SMALL, parent_too_small),
    VMTASK_DISK(VMTASK_E_NOT_DIFFERENCING, not_differencing),
    VMTASK_DISK(VMTASK_E_UNUSABLE_PARENT_NAME, unusable_parent_name),
    VMTASK_DISK(VMTASK_E_FIXED_DISK, fixed_disk),
    VMTASK_DISK(VMTASK_E_DIFFERENCING_DISK, differencing_disk),
    VMTASK_DISK(VMTASK_E_SAVED_STATE, saved_state),
    VMTASK_DISK(VMTASK_E_FOREIGN_BLOCK_MAP, foreign_block_map),
    VMTASK_DISK(VMTASK_E_INVALID_SIZE, invalid_size),
    VMTASK_DISK(VMTASK_E_INVALID_BLOCK_SIZE, invalid_block_size),
    VMTASK_DISK(VMTASK_E_UNALIGNED_ACCESS, unaligned_access),
    VMTASK_DISK(VMTASK_E_BEYOND_THE_END, beyond_the_end),
    VMTASK_DISK(VMTASK_E_DISK_TOO_FULL, disk_too_full),
    VMTASK_DISK(VMTASK_E_CANNOT_SHRINK, cannot_shrink),
    VMTASK_OWN(VMTASK_E_USER, "the task's body failed with a code of its own"),
};

#undef VMTASK_OWN
#undef VMTASK_ENGINE
#undef VMTASK_DISK

const entry* find(vmtask_status status) noexcept
{
    const vmtask_status sought = std::min(status, vmtask_status{VMTASK_E_USER});
    const auto* const found =
        std::find_if(entries.begin(), entries.end(), [&](const entry& known) { return known.status == sought; });
    return found != entries.end() ? found : nullptr;
}

template <class Code>
vmtask_status status_where(Code entry::*code, int value, vmtask_status otherwise) noexcept
{
    for (const entry& known : entries)
        if (known.*code != Code{} && static_cast<int>(known.*code) == value) return known.status;
    return otherwise;
}

/// Statuses as error codes: what bodies return.
class body_category final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "vmtask_body"; }
    [[nodiscard]] std::string message(int status) const override
    {
        if (status > VMTASK_E_USER) return message_of(status) + std::string(" (") + std::to_string(status) + ")";
        return message_of(status);
    }
};

const std::error_category& category_of_bodies() noexcept
{
    static const body_category category;
    return category;
}

using messages = std::array<std::string, entries.size()>;

messages collect_messages()
{
    messages collected;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const entry& known = entries[i];
        if (known.text != nullptr) collected[i] = known.text;
        else if (known.engine != errc{}) collected[i] = make_error_code(known.engine).message();
        else collected[i] = vhd::make_error_code(known.disk).message();
    }
    return collected;
}

} // namespace

vmtask_status status_of(std::error_code code) noexcept
{
    if (!code) return VMTASK_OK;
    const std::error_category& category = code.category();
    if (category == category_of_bodies()) return code.value();
    if (category == engine_category()) return status_where(&entry::engine, code.value(), VMTASK_E_INTERNAL);
    if (category == vhd::error_category()) return status_where(&entry::disk, code.value(), VMTASK_E_INTERNAL);
    if (code == std::errc::not_enough_memory) return VMTASK_E_NO_MEMORY;
    return system_error_of(code) != 0 ? VMTASK_E_SYSTEM : VMTASK_E_INTERNAL;
}

int system_error_of(std::error_code code) noexcept
{
    const std::error_category& category = code.category();
    return category == std::system_category() || category == std::generic_category() ? code.value() : 0;
}

std::error_code code_of_body(vmtask_status status) noexcept
{
    if (status == VMTASK_E_CANCELLED) return errc::cancelled;
    if (name_of(status) == nullptr) return errc::task_failed;
    return {status, category_of_bodies()};
}

const char* name_of(vmtask_status status) noexcept
{
    const entry* const known = find(status);
    return known != nullptr ? known->name : nullptr;
}

const char* message_of(vmtask_status status) noexcept
{
    const entry* const known = find(status);
    if (known == nullptr) return "unknown status";
    if (known->text != nullptr) return known->text;
    try {
        static const messages collected = collect_messages();
        return collected[static_cast<std::size_t>(known - entries.data())].c_str();
    } catch (...) {
        return known->name; // short of memory
    }
}

} // namespace vmtask::c_api
