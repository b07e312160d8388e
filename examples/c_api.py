#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compacts a disk from Python, by ctypes and without a compiled binding.

    c_api.py [--limit SECONDS] DISK.vhd

Shows the progress, and stops on the time limit or on Ctrl-C, which leaves the
disk whole. VMTASK_LIBRARY names the library if it is not where the system looks.
Exits 0 when the disk is compact, 1 when it is not, 2 on bad usage, 130 when it
was interrupted.
"""

import argparse
import ctypes
import os
import signal
import sys
import threading
import time
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

OK, TIMED_OUT, CANCELLED = 0, 10, 20
NO_LIMIT = 2**63 - 1

WaitCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_void_p)


class Struct(ctypes.Structure):
    """One that begins with its size, which tells the library what we know."""

    def __init__(self):
        super().__init__(struct_size=ctypes.sizeof(self))


class Progress(Struct):
    _fields_ = [("struct_size", c_size_t), ("fraction", c_double), ("done", c_uint64), ("total", c_uint64),
                ("units_per_second", c_double), ("time_left_ms", c_int64),
                ("unit", c_char * 32), ("step", c_char * 224)]


class CompactReport(Struct):
    _fields_ = [("struct_size", c_size_t)] + [(name, c_uint64) for name in (
        "blocks_scanned", "blocks_freed", "blocks_moved", "file_size_before", "file_size_after",
        "bytes_read", "bytes_written", "bytes_punched")] + [
        ("parent_seems_changed", c_uint32), ("reserved", c_uint32)]


class Error(Exception):
    """What a call says that did not succeed."""

    def __init__(self, status):
        super().__init__(library.vmtask_last_error_message().decode(errors="replace"))
        self.status = status


def check(status):
    if status != OK:
        raise Error(status)


def load():
    loaded = ctypes.CDLL(os.environ.get("VMTASK_LIBRARY", "libvmtask.so.0"))
    # What is not declared, ctypes takes for int, and cuts pointers in half.
    for name, result, *arguments in [
            ("vmtask_last_error_message", c_char_p),
            ("vmtask_engine_create", c_int32, c_void_p, POINTER(c_void_p)),
            ("vmtask_engine_destroy", c_int32, c_void_p),
            ("vmtask_task_release", None, c_void_p),
            ("vmtask_task_get_progress", c_int32, c_void_p, POINTER(Progress)),
            ("vmtask_task_result", c_int32, c_void_p),
            ("vmtask_task_request_cancel", c_int32, c_void_p),
            ("vmtask_task_async_wait", c_int32, c_void_p, c_int64, WaitCallback, c_void_p, c_void_p),
            ("vmtask_vhd_compact", c_int32, c_void_p, c_char_p, c_void_p, POINTER(c_void_p)),
            ("vmtask_vhd_get_compact_report", c_int32, c_void_p, POINTER(CompactReport))]:
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    return loaded


library = load()


class Task:
    """A task of the library's, given back when the object goes."""

    def __init__(self, handle):
        self.handle = handle
        self.ended = threading.Event()
        # The library calls it on a thread of its own. It has to live until then.
        self.callback = WaitCallback(lambda task, status, user: self.ended.set())
        check(library.vmtask_task_async_wait(handle, NO_LIMIT, self.callback, None, None))

    def wait(self, seconds):
        return self.ended.wait(seconds)

    def progress(self):
        progress = Progress()
        check(library.vmtask_task_get_progress(self.handle, byref(progress)))
        return progress

    def request_cancel(self):
        return library.vmtask_task_request_cancel(self.handle) == OK

    def compact_report(self):
        check(library.vmtask_task_result(self.handle))
        report = CompactReport()
        check(library.vmtask_vhd_get_compact_report(self.handle, byref(report)))
        return report

    def __enter__(self):
        return self

    def __exit__(self, *_):
        library.vmtask_task_release(self.handle)


class Engine:
    def __enter__(self):
        self.handle = c_void_p()
        check(library.vmtask_engine_create(None, byref(self.handle)))
        return self

    # Every callback has come when this returns.
    def __exit__(self, *_):
        check(library.vmtask_engine_destroy(self.handle))

    def compact(self, path):
        task = c_void_p()
        check(library.vmtask_vhd_compact(self.handle, os.fsencode(path), None, byref(task)))
        return Task(task)


def say(text):
    print(text, flush=True)


def watch(disk, task, limit, interrupted):
    """Waits for the end, and asks the task to stop when there is a reason."""
    begin = time.monotonic()
    stopping = False
    while not task.wait(0.2):
        progress = task.progress()
        say(f"{disk}: {int(progress.fraction * 100)} %, {progress.step.decode(errors='replace')}")
        late = limit is not None and time.monotonic() - begin >= limit
        if not stopping and (late or interrupted.is_set()):
            stopping = True
            say(f"{disk}: {'interrupted' if interrupted.is_set() else 'out of time'}, stopping")
            if not task.request_cancel():
                say(f"{disk}: finishing")


def compact(disk, limit, interrupted):
    with Engine() as engine, engine.compact(disk) as task:
        watch(disk, task, limit, interrupted)
        try:
            report = task.compact_report()
        except Error as error:
            if error.status != CANCELLED:
                raise
            say(f"{disk}: cancelled, the disk is whole")
            return 130 if interrupted.is_set() else 1
        say(f"{disk}: done, {report.file_size_before} -> {report.file_size_after} bytes")
        return 0


def main():
    parser = argparse.ArgumentParser(prog="c_api.py", description="Compacts a disk.")
    parser.add_argument("--limit", type=float, metavar="SECONDS")
    parser.add_argument("disk", metavar="DISK.vhd")
    arguments = parser.parse_args()
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        return compact(arguments.disk, arguments.limit, interrupted)
    except Error as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
