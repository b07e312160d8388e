# SPDX-License-Identifier: BSL-1.0
"""Ends the interpreter while a body in Python runs.

Python ends the thread that comes back to it then. Exits 0 unless the process
is aborted by that. VMTASK_LIBRARY names the library.
"""

import ctypes
import os
import threading
import time
from ctypes import byref, c_int32, c_void_p

Body = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p)
running = threading.Semaphore(0)


def work(_context, _user):
    running.release()
    while True:
        time.sleep(0.0001)


library = ctypes.CDLL(os.environ["VMTASK_LIBRARY"])
engine, task = c_void_p(), c_void_p()
library.vmtask_task_release.restype = None
body = Body(work)
assert library.vmtask_engine_create(None, byref(engine)) == 0
# One: a body that begins after the interpreter is gone has nothing to run in.
assert library.vmtask_engine_post(engine, None, body, None, byref(task)) == 0
library.vmtask_task_release(task)
running.acquire()
