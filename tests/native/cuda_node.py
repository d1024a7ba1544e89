# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node with a machine, as a program sees it through libcuda.so.1; a deviceQuery with ctypes."""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import os
import pathlib
import re
import tempfile
from unittest import mock

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_facts import cuda_facts

from .conftest import ROOT
from .nvml_node import make_nodes

SUCCESS, INVALID_VALUE, OUT_OF_MEMORY, NOT_INITIALIZED = 0, 1, 2, 3
NO_DEVICE, INVALID_DEVICE, INVALID_CONTEXT = 100, 101, 201
NOT_FOUND, CONTEXT_IS_DESTROYED, NOT_SUPPORTED = 500, 709, 801


def names():
    """{name: (CUDA version, whether it answers)} of native/cuda_names.h."""
    rows = re.findall(r"^(ANSWERED|UNSUPPORTED)\((\w+), (\d+)\)$", (ROOT / "native" / "cuda_names.h").read_text(), re.M)
    return {name: (int(version), kind == "ANSWERED") for kind, name, version in rows}


class Cuda:
    """One copy of the library. Its functions return a status, and the methods what it answers."""

    def __init__(self, library, dev):
        self.library = library
        self.dev = dev

    def status(self, name, *arguments):
        return getattr(self.library, name)(*arguments)

    def ask(self, name, out, *arguments):
        """Call a function whose first argument is the answer; return its value."""
        status = self.status(name, ctypes.byref(out), *arguments)
        assert status == SUCCESS, (name, status)
        return out.value if hasattr(out, "value") else out

    def start(self):
        assert self.status("cuInit", 0) == SUCCESS
        return self

    def count(self):
        return self.ask("cuDeviceGetCount", ctypes.c_int())

    def name(self, device):
        room = ctypes.create_string_buffer(200)
        assert self.status("cuDeviceGetName", room, 200, device) == SUCCESS
        return room.value.decode()

    def uuid(self, device, name="cuDeviceGetUuid_v2"):
        """Without GPU- or MIG-."""
        digits = bytes(self.ask(name, (ctypes.c_ubyte * 16)(), device)).hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def bus_id(self, device):
        room = ctypes.create_string_buffer(32)
        assert self.status("cuDeviceGetPCIBusId", room, 32, device) == SUCCESS
        return room.value.decode()

    def memory(self, device):
        return self.ask("cuDeviceTotalMem_v2", ctypes.c_size_t(), device)

    def attribute(self, number, device):
        return self.ask("cuDeviceGetAttribute", ctypes.c_int(), number, device)

    def uuids(self):
        return [self.uuid(device) for device in range(self.count())]


@contextlib.contextmanager
def loaded(image, machine, **environment):
    """A node with *machine* and a copy of the library of its own, not initialized. *environment*: CUDA's variables."""
    with tempfile.TemporaryDirectory(prefix="nvmock-cuda-") as temporary:
        place = pathlib.Path(temporary)
        path = place / "libcuda.so.1"
        path.write_bytes(native.with_facts(image, cuda_facts(machine)))
        make_nodes(machine, place / "dev")
        library = ctypes.CDLL(str(path))
        kept = {name: text for name, text in os.environ.items() if not name.startswith("CUDA_")}
        with mock.patch.dict(os.environ, {**kept, "NVMOCK_DEV": str(place / "dev"), **environment}, clear=True):
            try:
                yield Cuda(library, place / "dev")
            finally:
                _ctypes.dlclose(library._handle)


@contextlib.contextmanager
def running(image, machine, **environment):
    """The same, initialized."""
    with loaded(image, machine, **environment) as cuda:
        yield cuda.start()


def bare(uuid):
    """Without GPU- or MIG-."""
    return uuid[4:]
