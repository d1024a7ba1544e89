# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether NVIDIA's device plugin can work on this node: nvidia_probe.py DRIVER_ROOT HOOK.

HOOK is the program that the CDI specification of the plugin names, or empty where it makes none. Prints one line: with status 0,
which NVML library the node has (its SHA-256); with status 1, why the plugin can't work. Python 3.9 or later, nothing else.
"""

import ctypes
import glob
import hashlib
import os
import sys

# Where NVIDIA's plugin looks below the driver root.
DIRECTORIES = ("usr/lib64", "usr/lib/*-linux-gnu", "lib64", "lib/*-linux-gnu")


def library_of(root):
    """The path of the NVML library below the driver root, or None."""
    found = [
        path
        for directory in DIRECTORIES
        for path in sorted(glob.glob(os.path.join(root, directory, "libnvidia-ml.so.1")))
    ]
    return found[0] if found else None


def obstacle(path, hook):
    """Why the plugin can't work with the library in *path* and this hook; None if it can.

    :raises OSError: the library can't be loaded.
    :raises AttributeError: it lacks a function.
    """
    count, gpu, mode, pending = ctypes.c_uint(), ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint()
    library = ctypes.CDLL(path)
    if library.nvmlInit_v2() or library.nvmlDeviceGetCount_v2(ctypes.byref(count)) or not count.value:
        return path + " finds no GPU"
    if not hook:
        return None
    if not os.access(hook, os.X_OK):
        return f"there is no program {hook}, which the CDI specification of NVIDIA's plugin names as its hook"
    for index in range(count.value):
        library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(gpu))
        library.nvmlDeviceGetMigMode(gpu, ctypes.byref(mode), ctypes.byref(pending))
        if mode.value:
            return f"GPU {index} is in MIG mode, of which NVIDIA's plugin makes no CDI specification here"
    return None


def main():
    root, hook = sys.argv[1:]
    path = library_of(root)
    if path is None:
        print("there is no libnvidia-ml.so.1 below " + root)
        return 1
    try:
        why = obstacle(path, hook)
    except (OSError, AttributeError) as error:
        why = error
    if why is not None:
        print(why)
        return 1
    with open(path, "rb") as file:
        print(hashlib.sha256(file.read()).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
