# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node with a machine, as NVIDIA's Python bindings (pynvml) see it through libnvidia-ml.so.1."""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import os
import pathlib
import re
import tempfile
from unittest import mock

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import nvml_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minors


def make_nodes(machine, dev):
    """The machine's device nodes, as plain files below *dev*."""
    (dev / "nvidia-caps").mkdir(parents=True)
    (dev / "nvidiactl").touch()
    for gpu in machine.gpus:
        (dev / f"nvidia{gpu.minor}").touch()
        for mig in gpu.mig_devices:
            capability(dev, gpu, mig).touch()


def capability(dev, gpu, mig):
    """The device node that a MIG device is reached by."""
    minors = capability_minors([gpu.minor])
    return dev / "nvidia-caps" / f"nvidia-cap{minors[f'gpu{gpu.minor}/gi{mig.gi}/ci{mig.ci}/access']}"


class Node:
    """Its device nodes are plain files below *dev*."""

    def __init__(self, machine, library, dev):
        self.machine = machine
        self.library = library
        self.dev = dev
        make_nodes(machine, dev)

    def capability(self, gpu, mig):
        return capability(self.dev, gpu, mig)

    def status(self, name, *arguments):
        """What a function returns, called without pynvml."""
        return getattr(self.library, name)(*arguments)

    def gpus(self):
        """The handles of the visible GPUs."""
        return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]


@contextlib.contextmanager
def loaded(image, machine):
    """A node with *machine* and a copy of the library of its own, which pynvml uses; not initialized."""
    with tempfile.TemporaryDirectory(prefix="nvmock-nvml-") as temporary:
        place = pathlib.Path(temporary)
        path = place / "libnvidia-ml.so.1"
        path.write_bytes(native.with_facts(image, nvml_facts(machine)))
        library = ctypes.CDLL(str(path))
        with mock.patch.dict(os.environ, NVMOCK_DEV=str(place / "dev")), mock.patch.object(pynvml, "nvmlLib", library):
            pynvml._nvmlGetFunctionPointer_cache.clear()
            try:
                yield Node(machine, library, place / "dev")
            finally:
                pynvml._nvmlGetFunctionPointer_cache.clear()
                _ctypes.dlclose(library._handle)


@contextlib.contextmanager
def running(image, machine):
    """The same, initialized."""
    with loaded(image, machine) as node:
        pynvml.nvmlInit()
        try:
            yield node
        finally:
            pynvml.nvmlShutdown()


@contextlib.contextmanager
def refused(code):
    """What happens here fails with the NVML_ERROR_... *code*."""
    with pytest.raises(pynvml.NVMLError) as raised:
        yield
    assert raised.value.value == code, raised.value


def functions(image):
    """The names of all functions of the library."""
    return sorted({name.decode() for name in re.findall(rb"\0(nvml[A-Za-z0-9_]+)(?=\0)", image)})
