# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Device nodes below the dev root, and the edits of one GPU or one MIG device."""

from __future__ import annotations

from ..cdi.spec import Found, device_node
from ..errors import SpecError
from ..host.view import clean
from ..machine.mig import capability_name
from .hooks import CHMOD, CREATE_SYMLINKS, MEMORY_LIMITS
from .locators import Locators, below, without_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cdi.spec import Entry
    from ..host.view import HostView
    from ..machine.model import Gpu, MigDevice
    from .hooks import HookMaker
    from .options import Options
    from .releases import Release

MIG_MINORS = "/proc/driver/nvidia-caps/mig-minors"
NO_ADDITIONAL_GIDS = "no-additional-gids-for-device-nodes"
# The directories that the hook chmod opens.
NESTED = ("/dev/dri", "/dev/nvidia-caps")


class DeviceFinder:
    """Finds device nodes for one release.

    :arg root: the directory of ``dev``; if None, the options' dev root.
    """

    def __init__(self, view: HostView, options: Options, release: Release, root: str | None = None) -> None:
        self._view = view
        self._release = release
        self._driver_root = options.driver_root
        self.root = clean(root or options.dev_root)
        self._locators = Locators(view, self.root)
        self._gids = release.device_facts and NO_ADDITIONAL_GIDS not in options.feature_flags
        self._minors: dict[str, int] | None = None

    def find(self, patterns: Iterable[str]) -> list[str]:
        """Host paths of the nodes that match, in order."""
        return [path for pattern in patterns for path in self._locators.char_devices(self.root, pattern)]

    def container_path(self, path: str) -> str:
        return without_root(path, self.root) or path

    def add(self, paths: Iterable[str], found: Found) -> None:
        """Add nodes, and the groups that a process needs to open them."""
        for path in paths:
            container_path = self.container_path(path)
            host_path = path if path != container_path else ""
            status = self._view.lstat(path) if self._release.device_facts else None
            if status is None or not status.is_char_device:
                found.device_nodes.append(device_node(container_path, host_path))
                continue
            found.device_nodes.append(
                device_node(
                    container_path,
                    host_path,
                    status.major,
                    status.minor,
                    status.mode & 0o7777,
                    "rwm",
                    status.gid,
                )
            )
            if self._gids and status.gid and status.mode & 0o006 != 0o006:
                found.gids.append(status.gid)

    def gpu(self, gpu: Gpu, hooks: HookMaker) -> Found:
        """The nodes and hooks of a whole GPU (internal/platform-support/dgpu)."""
        found = Found()
        paths = self.find([f"/dev/nvidia{gpu.minor}", *self._drm_nodes(gpu)])
        self.add(paths, found)
        self._add_by_path_links(gpu, paths, hooks, found)
        folders = dict.fromkeys([self.container_path(path).rpartition("/")[0] for path in paths])
        found.add_hook(hooks.make(CHMOD, [folder for folder in folders if folder in NESTED]))
        if self._release.memory_limits_hook:
            found.add_hook(hooks.make(MEMORY_LIMITS, [self._driver_root, gpu.uuid]))
        return found

    def mig(self, gpu: Gpu, mig: MigDevice, hooks: HookMaker) -> Found:
        """The nodes of a MIG device: its GPU and two capabilities.

        :raises SpecError: the minor numbers of the capabilities are unknown.
        """
        patterns = [f"/dev/nvidia{gpu.minor}"]
        for ci in (None, mig.ci):
            minor = self._mig_minor(capability_name(gpu.minor, mig.gi, ci))
            patterns.append(f"/dev/nvidia-caps/nvidia-cap{minor}")
        graphics = self._release.graphics_mig and mig.graphics
        if graphics:
            patterns += self._drm_nodes(gpu)
        found = Found()
        paths = self.find(patterns)
        self.add(paths, found)
        if graphics:
            self._add_by_path_links(gpu, paths, hooks, found)
        return found

    def _drm_nodes(self, gpu: Gpu) -> list[str]:
        """``/dev/dri`` nodes that the kernel lists for the GPU's PCI device; never below the dev root."""
        names = self._view.glob(f"/sys/bus/pci/devices/{_kernel_bus_id(gpu)}/drm/*")
        return ["/dev/dri/" + path.rpartition("/")[2] for path in names]

    def _add_by_path_links(self, gpu: Gpu, paths: list[str], hooks: HookMaker, found: Found) -> None:
        links = []
        if paths:
            for kind in ("card", "render"):
                link = below(self.root, f"dev/dri/by-path/pci-{_kernel_bus_id(gpu)}-{kind}")
                target = self._view.readlink(link)
                if target is None:
                    continue
                directory = link.rpartition("/")[0]
                if (target if target.startswith("/") else clean(f"{directory}/{target}")) in paths:
                    links.append(f"{target}::{link}")
        if links:
            found.add_hook(hooks.make(CREATE_SYMLINKS, links))

    def _mig_minor(self, capability: str) -> int:
        if self._minors is None:
            content = self._view.read_bytes(MIG_MINORS)
            if content is None:
                raise SpecError(
                    "failed to get CDI device edits: failed to create device discoverer: "
                    f"error getting MIG capability device paths: {MIG_MINORS} can't be read"
                )
            self._minors = parse_mig_minors(content)
        try:
            return self._minors[capability]
        except KeyError:
            raise SpecError(
                "failed to get CDI device edits: failed to create device discoverer: "
                f"error getting MIG capability device paths: no minor number for {capability} in {MIG_MINORS}"
            ) from None


def parse_mig_minors(content: bytes) -> dict[str, int]:
    """Minor numbers by capability; lines are ``<path> <minor>``, others are ignored."""
    minors = {}
    for line in content.decode("utf-8", "replace").splitlines():
        parts = line.split(" ")
        if len(parts) == 2 and parts[1].isdecimal() and parts[1].isascii():
            minors[parts[0]] = int(parts[1])
    return minors


def _kernel_bus_id(gpu: Gpu) -> str:
    """The PCI address as the kernel writes it: NVML's domain may have 8 digits."""
    bus_id = gpu.pci_bus_id.lower()
    domain, separator, rest = bus_id.partition(":")
    if len(domain) == 8 and domain.startswith("0000"):
        return domain[4:] + separator + rest
    return bus_id


def imex_node(root: str, path: str) -> Entry:
    """Return a node with both paths only, even if they are equal (pkg/nvcdi/lib-imex.go)."""
    return device_node(path, clean(f"{root}/{path}"))
