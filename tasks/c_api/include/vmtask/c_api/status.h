// SPDX-License-Identifier: BSL-1.0

#ifndef VMTASK_C_API_STATUS_H
#define VMTASK_C_API_STATUS_H

#include <vmtask/c_api/base.h>

VMTASK_BEGIN_C

/// How a call came out, or a task: VMTASK_OK or one of the codes below. Later
/// versions may add codes.
typedef int32_t vmtask_status;

enum {
    VMTASK_OK = 0,

    // the call
    VMTASK_E_INVALID_ARGUMENT = 1, // null, or not among the values
    VMTASK_E_STRUCT_SIZE = 2,      // struct_size was not set; see VMTASK_INIT
    VMTASK_E_UNKNOWN_OPTION = 3,   // the options ask for what only a newer library knows
    VMTASK_E_NO_MEMORY = 4,
    VMTASK_E_SYSTEM = 5,   // see vmtask_last_error_system()
    VMTASK_E_INTERNAL = 6, // nothing of the above; please report it

    // the wait
    VMTASK_E_TIMED_OUT = 10,      // the time has passed first; the task goes on
    VMTASK_E_WOULD_DEADLOCK = 11, // it could never end, so it was not begun
    VMTASK_E_GIVEN_UP = 12,       // by vmtask_wait_give_up()
    VMTASK_E_NO_WORKER = 13,      // no worker would be left for the tasks that are queued, so it was not begun

    // the task
    VMTASK_E_CANCELLED = 20,      // it was asked to stop, and stopped before it had finished
    VMTASK_E_NOT_CANCELABLE = 21, // it was posted so, or is past its point of no return
    VMTASK_E_ALREADY_ENDED = 22,
    VMTASK_E_NOT_ENDED = 23,
    VMTASK_E_TASK_FAILED = 24, // for a reason that has no code
    VMTASK_E_NO_TASK = 25,     // none of that id, or none that is still kept
    VMTASK_E_NO_REPORT = 26,   // this handle's task has none of this kind
    VMTASK_E_NOT_PAUSED = 27,
    VMTASK_E_ALREADY_BEGUN = 28,      // so that its place in the queue is no more
    VMTASK_E_PREDECESSOR_FAILED = 29, // one that it was to begin after did not succeed

    // the engine
    VMTASK_E_QUEUE_FULL = 30,
    VMTASK_E_SHUTTING_DOWN = 31, // it takes no further tasks

    // the task's terms
    VMTASK_E_RESOURCE_BUSY = 40, // and the task was not to wait for it
    VMTASK_E_UNKNOWN_LANE = 41,  // see vmtask_engine_set_lane_limit()
    VMTASK_E_CYCLE = 42,         // tasks would wait for each other, so the last was not posted
    VMTASK_E_OTHER_ENGINE = 43,  // the parent is a task of another engine
    VMTASK_E_BAD_TERMS = 44,     // tasks are to be compared that have no kind, or claim nothing

    // the disk's file
    VMTASK_E_NO_SUCH_FILE = 100,
    VMTASK_E_ALREADY_EXISTS = 101,
    VMTASK_E_IS_DIRECTORY = 102,
    VMTASK_E_NOT_A_REGULAR_FILE = 103,
    VMTASK_E_ACCESS_DENIED = 104,
    VMTASK_E_READ_ONLY = 105,
    VMTASK_E_IN_USE = 106,
    VMTASK_E_NO_LOCKS = 107,
    VMTASK_E_EMPTY_FILE = 108,
    VMTASK_E_FILE_TOO_SHORT = 109,

    // the image
    VMTASK_E_NOT_A_VHD = 120,
    VMTASK_E_OLD_FOOTER = 121,
    VMTASK_E_BAD_FOOTER_CHECKSUM = 122,
    VMTASK_E_UNSUPPORTED_VERSION = 123,
    VMTASK_E_UNSUPPORTED_TYPE = 124,
    VMTASK_E_BAD_SIZE = 125,
    VMTASK_E_BAD_HEADER = 126,
    VMTASK_E_BAD_HEADER_CHECKSUM = 127,
    VMTASK_E_BAD_BLOCK_SIZE = 128,
    VMTASK_E_BAD_TABLE = 129,
    VMTASK_E_TABLE_TOO_LARGE = 130,
    VMTASK_E_METADATA_OVERLAPS = 131,
    VMTASK_E_BLOCK_OUT_OF_RANGE = 132,
    VMTASK_E_BLOCKS_OVERLAP = 133,

    // its chain
    VMTASK_E_PARENT_NOT_FOUND = 140,
    VMTASK_E_WRONG_PARENT = 141,
    VMTASK_E_PARENT_CYCLE = 142,
    VMTASK_E_CHAIN_TOO_LONG = 143,
    VMTASK_E_PARENT_TOO_SMALL = 144,
    VMTASK_E_NOT_DIFFERENCING = 145,
    VMTASK_E_UNUSABLE_PARENT_NAME = 146,

    // what was asked of the disk
    VMTASK_E_FIXED_DISK = 160,
    VMTASK_E_DIFFERENCING_DISK = 161,
    VMTASK_E_SAVED_STATE = 162,
    VMTASK_E_FOREIGN_BLOCK_MAP = 163,
    VMTASK_E_INVALID_SIZE = 164,
    VMTASK_E_INVALID_BLOCK_SIZE = 165,
    VMTASK_E_UNALIGNED_ACCESS = 166,
    VMTASK_E_BEYOND_THE_END = 167,
    VMTASK_E_DISK_TOO_FULL = 168,
    VMTASK_E_CANNOT_SHRINK = 169,

    // from here on: codes that the caller's own bodies return
    VMTASK_E_USER = 65536
};

/// The version of the library that is running, as VMTASK_VERSION.
VMTASK_API uint32_t vmtask_version(void);

/// The same as in "0.1.0". Constant.
VMTASK_API const char* vmtask_version_string(void);

/// The code's name as in "VMTASK_E_IN_USE"; "unknown" for others. Constant.
VMTASK_API const char* vmtask_status_name(vmtask_status status);

/// What the code means in general, for people. Constant.
VMTASK_API const char* vmtask_status_message(vmtask_status status);

/// Why the last call on this thread that did not return VMTASK_OK did not: one
/// line, with the file and what to do where that is known. Empty if there was
/// none. It stays until the next such call on this thread.
VMTASK_API const char* vmtask_last_error_message(void);

/// The system's error number behind the same call, as in <errno.h>; 0 if it was
/// no error of the system.
VMTASK_API int32_t vmtask_last_error_system(void);

VMTASK_END_C

#endif
