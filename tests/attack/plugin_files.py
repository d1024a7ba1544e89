# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Hostile machine files and specifications under a running device plugin: it lives on, and recovers with the node."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import tree
from case import Attack, Case
from foreign_specs import KINDS
from hostile_files import hostile_files
from machine_files import MACHINE_FILE
from nodes import Made
from product import ROOT, start

_FLAGS = ("--gpu-count", "2")
_PLUGIN = os.path.join(ROOT, "bin", "gpu-mock-device-plugin")
_SPECIFICATION = "/etc/cdi/nvidia.yaml"
_FILES = 270
_IN_ONE_TRY = 10
_SECONDS = 60.0
_READERS = 40
_ANSWER_SECONDS = 10.0
# So long a look of the plugin takes at most, of a file that it may find no fault in.
_LOOK = 0.4

Step = tuple[str, str, Callable[[str], object], bool]
"""(what is done in words, path on the node, what makes the file, whether no device may be healthy then)."""


class PluginFiles(Attack):
    """One plugin and one kubelet, and some hostile files one after the other."""

    name = "plugin_files"
    share = 2.0

    def missing(self) -> str:
        """The plugin needs grpcio and protobuf."""
        lacking = [name for name in ("grpc", "google.protobuf") if importlib.util.find_spec(name) is None]
        return f"{' and '.join(lacking)} can't be imported" if lacking else ""

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, and everything that will be done to it."""
        self._node = Made(place + "/node", "used", _FLAGS)
        with open(self._node.top + MACHINE_FILE, "rb") as file:
            content = file.read()
        self._steps: list[Step] = []
        for hostile in hostile_files(content, _FILES, f"{seed}/plugin files"):
            make = _writer(hostile.content)
            self._steps.append((f"machine file {hostile.name}", MACHINE_FILE, make, hostile.hopeless))
        for name, change in _ODD.items():
            self._steps.append((f"machine file {name}", MACHINE_FILE, change, True))
            self._steps.append((f"specification {name}", _SPECIFICATION, change, True))
        for name, made in KINDS.items():
            change = _writer(made) if isinstance(made, bytes) else made
            self._steps.append((f"another specification {name}", "/etc/cdi/odd.yaml", change, False))
        for path in ("/etc/cdi", "/etc", "/var", os.path.dirname(MACHINE_FILE), ""):
            self._steps.append((f"{path or 'the host root'} gone", path, lambda _path: None, path != ""))

    def count(self) -> int:
        """Some files in each try, and one try with many readers."""
        return -(-len(self._steps) // _IN_ONE_TRY) + 1

    def attempt(self, case: Case) -> None:
        """Start the plugin, and damage and repair the node some times."""
        # A plugin is busy for the first second, so several tries share one.
        begin = case.number * _IN_ONE_TRY
        plugin = _Plugin(case, self._node)
        try:
            if begin >= len(self._steps):
                plugin.crowd()
                return
            for step in self._steps[begin : begin + _IN_ONE_TRY]:
                plugin.step(*step)
            log = plugin.log()
            case.check("line", "Traceback" not in log, f"steps {begin} to {begin + _IN_ONE_TRY}: {_error(log)}")
        finally:
            plugin.end()


class _Plugin:
    """The process, its node and its kubelet."""

    def __init__(self, case: Case, node: Made) -> None:
        os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"
        for place in (os.path.join(ROOT, "tests", "unit", "device_plugin"), ROOT):
            if place not in sys.path:
                sys.path.insert(0, place)
        from plugin_support import FakeKubelet

        self._case = case
        self._top = case.path("node")
        tree.copy(node.top, self._top)
        os.mkdir(case.path("k"))
        self._log = case.path("log")
        self._kubelet = FakeKubelet(case.path("k"))
        self._kubelet.start()
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def _start(self) -> None:
        flags = (
            "--host-root",
            self._top,
            "--plugin-directory",
            self._case.path("k"),
            "--interval",
            "0.05",
            "--no-labels",
        )
        with open(self._log, "ab") as file:
            self._process = start([_PLUGIN, *flags], stdout=file, stderr=file)
        self._eventually(lambda: len(self._kubelet.healthy()) == 2)

    def _eventually(self, holds: Callable[[], bool], seconds: float = _SECONDS) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds():
                return True
            if not self._alive:
                return False
            time.sleep(0.02)
        return holds()

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def step(self, what: str, path: str, change: Callable[[str], object], hopeless: bool) -> None:
        """Replace one path, look at the devices, and put it back."""
        full, kept = self._top + path, self._top + ".kept"
        if os.path.lexists(full):
            os.rename(full, kept)
        change(full)
        if hopeless:
            sick = self._eventually(lambda: not self._kubelet.healthy())
            self._case.check("unhealthy", sick or not self._alive, f"{what}: {self._kubelet.lists}")
        else:
            self._eventually(lambda: False, _LOOK)
        alive = self._case.check("alive", self._alive, f"{what}: it has ended: {_last_line(self.log())}")
        tree.clear(full)
        for left in (self._top + "/dev/zero",):
            if path and os.path.lexists(left):
                os.unlink(left)
        if os.path.lexists(kept):
            os.rename(kept, full)
        if not alive:
            self._start()
            return
        well = self._eventually(lambda: len(self._kubelet.healthy()) == 2)
        self._case.check("recovers", well, f"{what}: {self._kubelet.lists}; {_last_line(self.log())}")

    def crowd(self) -> None:
        """Leave many streams open, as a kubelet that restarts badly does, and ask for devices."""
        import grpc

        from device_plugin import api

        socket_path = next(name for name in os.listdir(self._case.path("k")) if name != "kubelet.sock")
        device = self._kubelet.healthy()[0]
        channels, streams = [], []  # a stream that nobody holds is cancelled
        try:
            for number in range(_READERS):
                address = f"unix://{self._case.path('k')}/{socket_path}"
                options = (("grpc.default_authority", "localhost"), ("grpc.use_local_subchannel_pool", 1))
                channels.append(grpc.insecure_channel(address, options=options))
                streams.append(
                    channels[-1].unary_stream(
                        "/v1beta1.DevicePlugin/ListAndWatch",
                        api.Empty.SerializeToString,
                        api.ListAndWatchResponse.FromString,
                    )(api.Empty())
                )
                allocate = channels[0].unary_unary(
                    "/v1beta1.DevicePlugin/Allocate",
                    api.AllocateRequest.SerializeToString,
                    api.AllocateResponse.FromString,
                )
                request = api.AllocateRequest(container_requests=[api.ContainerAllocateRequest(devicesIDs=[device])])
                why = ""
                try:
                    allocate(request, timeout=_ANSWER_SECONDS)
                except grpc.RpcError as error:
                    why = str(error.code())
                if not self._case.check("streams", not why, f"with {number + 1} more open streams: {why}"):
                    return
        finally:
            for stream in streams:
                stream.cancel()
            for channel in channels:
                channel.close()
        well = self._eventually(lambda: len(self._kubelet.healthy()) == 2)
        self._case.check("recovers", well, f"after many readers: {self._kubelet.lists}")

    def log(self) -> str:
        """What the plugin has said."""
        with open(self._log, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def end(self) -> None:
        """End both."""
        if self._alive:
            self._process.kill()
        if self._process is not None:
            self._process.wait()
        self._kubelet.stop()
        shutil.rmtree(self._case.path("k"), ignore_errors=True)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:200]


def _error(text: str) -> str:
    """The line that ends the first traceback."""
    lines = text.partition("Traceback")[2].split("\n")[1:]
    return next((line for line in lines if line and not line.startswith(" ")), "")[:200]


def _writer(content: bytes) -> Callable[[str], object]:
    def make(path: str) -> None:
        tree.write(path + ".new", content)
        os.rename(path + ".new", path)

    return make


def _socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        where = os.open(os.path.dirname(path), os.O_PATH)
        one.bind(f"/proc/self/fd/{where}/{os.path.basename(path)}")
        os.close(where)


def _sparse(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(5 << 30)


_ODD: dict[str, Callable[[str], object]] = {
    "gone": lambda _path: None,
    "a directory": os.mkdir,
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a dangling link": lambda path: os.symlink("nowhere", path),
    "a link to itself": lambda path: os.symlink(os.path.basename(path), path),
    "a device": lambda path: os.mknod(path, 0o020666, os.makedev(1, 5)),
    "of 5 GiB of zeros": _sparse,
}

ATTACK = PluginFiles()
