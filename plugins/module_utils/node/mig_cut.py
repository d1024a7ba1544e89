# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Cut the GPUs of a node at run time, for a program on the node: what nvidia-smi does with ``-mig``, ``-cgi`` and ``-dgi``.

:meth:`NodeCut.cut` changes the state. :func:`remake` then makes what belongs to it, where no ``gpu-mockctl watch`` does. It has no
options of a run, so it takes them from what the run has left on the node. If it would make anything else of the node as it is, it
refuses.
"""

from __future__ import annotations

import os

from ..errors import HostError, NvmockError
from ..host.converge import change, plan_for
from ..host.entries import FILE
from ..host.followed import FollowedFile
from ..host.in_place import change_in_place
from ..host.manifest import read_manifest
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, Owner
from ..host.root import HostRoot, split
from ..layout.devices import DEFAULT_CAPS_MAJOR, DEFAULT_UVM_MAJOR, DeviceOptions
from ..layout.driver_tree import LAYOUTS, DriverTreeOptions, library_directory
from ..layout.state_file import State, read_state, writes
from ..layout.state_mig import layouts, with_layout
from ..layout.tmpfiles import PREFIXES
from ..machine.file import PATH as MACHINE_FILE
from ..machine.file import read_machine_file
from ..machine.mig_instances import Layout
from ..machine.model import Machine
from . import DEFAULT_TOOLKIT_ROOT, whole
from .boot import boot_number
from .components import owners_of, tree_owner, user_or_root
from .mig_state import cut_by_state, state_path, state_that_counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..host.manifest import Manifest

_PARTS: frozenset[str] = frozenset()
"""A remake moves nothing."""
_HOOK = "/bin/nvidia-cdi-hook"
# The last machine file that was read: a program that follows the node looks at it every second.
_parsed: dict[bytes, Machine] = {}


def _machine_in(content: bytes, path: str) -> Machine:
    """Return the machine of a machine file; of one that was read before without reading it again."""
    if content not in _parsed:
        machine = read_machine_file(content, path)
        _parsed.clear()
        _parsed[content] = machine
    return _parsed[content]


def has_mock(root: HostRoot, driver_root: str) -> bool:
    """Whether the node has a driver installation of nvmock.gpu there."""
    return tree_owner(root, driver_root) is not None


class NodeCut:
    """How the GPUs of one mock on a node are cut.

    :arg root: an open host root.
    :arg driver_root: where its driver installation is.
    :raises HostError: there is none, or its files are damaged.
    """

    def __init__(self, root: HostRoot, driver_root: str) -> None:
        owner = tree_owner(root, driver_root)
        if owner is None:
            raise HostError(f"{driver_root}: no driver installation of nvmock.gpu")
        self.root = root
        self.instance = owner.instance
        self.driver_root = driver_root
        path = f"{'' if driver_root == '/' else driver_root}/{MACHINE_FILE}"
        self.made = _machine_in(root.read(path), path)
        """The machine that the node was made of."""
        found = state_path(root, self.made, driver_root)
        if found is None:
            raise HostError(f"{driver_root}: the state of the GPUs is missing: run nvmock.gpu again, which makes it")
        self.state_path = found

    def layouts(self) -> list[Layout]:
        """Return how each GPU is cut now."""
        state = state_that_counts(self.root, self.state_path)
        return layouts(self.made, {} if state is None else state.entries)

    def cut(self, wanted: dict[int, Layout]) -> None:
        """Cut GPUs.

        :arg wanted: by index of the GPU.
        :raises HostError: the state can't be written.
        """
        boot = boot_number()

        def written(data: bytes) -> list[tuple[int, bytes]]:
            now = read_state(data, self.state_path)
            of_now = not (now.boot and boot and now.boot != boot)
            before = now.entries if of_now else {}
            entries = before
            for gpu, layout in wanted.items():
                entries = with_layout(entries, gpu, layout)
            kept = of_now and now.generation > 0 and now.boot == 0
            after = State(now.gpu_count, entries, 0 if kept else boot, now.generation, now.slot)
            return [] if entries == before else writes(after)

        change_in_place(self.root, self.state_path, written)

    @property
    def is_behind(self) -> bool:
        """Whether the node was made of another cut than the state says."""
        return cut_by_state(self.root, self.made, self.instance) != self.made

    def is_followed(self) -> bool:
        """Whether a ``gpu-mockctl watch`` makes what belongs to the state."""
        try:
            file = FollowedFile(self.root, self.state_path)
        except OSError as error:
            raise HostError(f"{self.state_path}: {error.strerror}") from None
        try:
            return file.is_followed()
        finally:
            file.close()


def remake(root: HostRoot, driver_root: str) -> Machine:
    """Make what belongs to the cut of the GPUs on a node that an earlier run has made; return the machine as it is cut now.

    :raises NvmockError: it can't be made, and nothing was changed.
    """
    done: list[Machine] = []

    def look(root: HostRoot) -> list[Any]:
        node = NodeCut(root, driver_root)
        known = read_manifest(root)
        mock = _mock(node, known)
        now = cut_by_state(root, node.made, node.instance)
        done[:] = [now]
        return whole.look(root, mock.but(machine=now, declares_mig=True), _PARTS).components

    change(root, look)
    return done[-1]


def _mock(node: NodeCut, known: Manifest) -> whole.Mock:
    """Return the mock that the node is, with the options by which a run would change nothing.

    :raises HostError: no such options are found.
    """
    mine = [owner for owner in owners_of(node.root) if owner.instance == node.instance]
    bases = sorted({owner.path for owner in mine if owner.part in (DEVICES, DEV_ROOT)})
    specs = [owner for owner in mine if owner.part == CDI_SPEC]
    if len(bases) != 1 or len(specs) != 1:
        raise HostError("the node needs device nodes and one CDI specification of nvmock.gpu: run it again with both")
    architecture = os.uname().machine
    mock = whole.Mock(
        machine=node.made,
        base=bases[0],
        devices=_devices(node, known, bases[0], mine),
        architecture=architecture,
        instance=node.instance,
        below_base=any(owner.part == DEVICES for owner in mine),
        dev_roots=tuple([owner.dev_root for owner in mine if owner.part == DEV_ROOT]),
        restore_at_boot="always" if any(path.startswith(PREFIXES) for path in known.owned) else "never",
        driver_root=node.driver_root,
        tree=_tree(node, architecture),
        declares_mig=True,
    )
    surplus = ""
    for one in _with_spec(node, known, mock, specs[0]):
        try:
            components = whole.look(node.root, one, _PARTS).components
            changed = [found for found in plan_for(node.root, components, known).changes if found.before is not None]
        except NvmockError as error:
            surplus = surplus or str(error)
            continue
        if not changed or known.in_progress:
            return one
        surplus = f"{changed[0].path} would be another one"
    raise HostError(
        "the options that made this node can't be found on it"
        f" ({surplus}): run gpu-mockctl watch with them on the node, which makes MIG devices, too"
    )


def _tree(node: NodeCut, architecture: str) -> DriverTreeOptions:
    base = "" if node.driver_root == "/" else node.driver_root
    place = split(node.state_path)[0]
    file = node.root.status(f"{base}/{MACHINE_FILE}")
    uid, gid = (user_or_root(), user_or_root()) if file is None else (file.st_uid, file.st_gid)
    for layout in LAYOUTS:
        options = DriverTreeOptions(layout=layout, architecture=architecture, uid=uid, gid=gid)
        if f"{base}/{library_directory(options)}" == place:
            return options
    raise HostError(
        f"{place}: not a library directory of a driver for {architecture}: run gpu-mockctl watch on the node"
    )


def _devices(node: NodeCut, known: Manifest, base: str, mine: list[Owner]) -> DeviceOptions:
    """Return the options of the device nodes by one of each kind, and by the manifest after a restart of the node."""
    roots = [owner.dev_root if owner.part == DEV_ROOT else base for owner in mine if owner.part in (DEV_ROOT, DEVICES)]
    places = [("" if root == "/" else root) + "/dev" for root in roots]
    control = next((f"{place}/nvidiactl" for place in places if f"{place}/nvidiactl" in known.owned), None)
    if control is None:
        raise HostError("the node has no device nodes of nvmock.gpu: run it again with them")
    majors = {"uvm": DEFAULT_UVM_MAJOR, "caps": DEFAULT_CAPS_MAJOR}
    for path, owned in known.owned.items():
        name = split(path)[1]
        for word, begin in (("uvm", "nvidia-uvm"), ("caps", "nvidia-cap")):
            device = next((made.partition("device=")[2] for made in owned.made if "device=" in made), "")
            if name.startswith(begin) and device:
                majors[word] = int(device.split(",")[-2])
    status = node.root.status(control)
    return DeviceOptions(
        mode=0o666 if status is None else status.st_mode & 0o7777,
        uid=user_or_root() if status is None else status.st_uid,
        gid=user_or_root() if status is None else status.st_gid,
        uvm_major=majors["uvm"],
        caps_major=majors["caps"],
        dri=any(f"{place}/dri" in known.owned for place in places),
        regular_files=known.owned[control].kind == FILE,
    )


def _with_spec(node: NodeCut, known: Manifest, mock: whole.Mock, owner: Owner) -> Iterator[whole.Mock]:
    """Return the mock with each choice of the options that its specification leaves open."""
    from ..cdi.read import parse
    from ..cdi.spec import all_edits
    from ..nvcdi.options import Options
    from ..nvcdi.releases import PUBLISHED
    from .cdi_spec import SpecFile

    spec = parse(owner.path, node.root.read(owner.path))
    vendor, _slash, kind = spec["kind"].partition("/")
    names = [device["name"] for device in spec["devices"]]
    hooks = any(edit.get("hooks") for edit in all_edits(spec))
    by_index = any(name.partition(":")[0].isdigit() for name in names)
    by_uuid = any(name.startswith(("GPU-", "MIG-")) for name in names)
    strategies = ["index"] * by_index + ["uuid"] * by_uuid
    hook = next((path for path in known.owned if path.endswith(_HOOK) and owner.tag in known.owned[path].tags), "")
    spec_file = SpecFile(
        path=owner.path,
        toolkit_root=hook.removesuffix(_HOOK) or DEFAULT_TOOLKIT_ROOT,
        devices_are_files=mock.devices.regular_files,
        uid=mock.tree.uid if mock.tree is not None else None,
        gid=mock.tree.gid if mock.tree is not None else None,
        instance=node.instance,
    )
    for release in ("", *reversed(PUBLISHED)):
        for dev_root in dict.fromkeys(("/", node.driver_root)):
            options = Options(
                mode="nvml",
                driver_root=node.driver_root,
                dev_root=dev_root,
                vendor=vendor,
                cdi_class=kind,
                device_name_strategies=tuple(strategies or ["type-index"]),
                all_device="all" in names,
                hook_mode="toolkit" if hooks else "none",
                toolkit_release=release,
                architecture=mock.architecture,
            )
            yield mock.but(options=options, spec_file=spec_file)
