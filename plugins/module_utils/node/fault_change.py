# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What nvmock_fault and ``gpu-mockctl fault`` do: faults of both families, those of the state and those of the node's files."""

from __future__ import annotations

from ..errors import ParameterError
from ..host import diff
from ..host.converge import Component, change
from ..host.manifest import read_manifest
from ..host.plan import Changes
from ..host.root import HostRoot
from ..layout.fault_words import listed
from ..layout.state_faults import KINDS, NAMES, XID, Kind, xid_text
from ..values import Value
from . import faults as of_state
from .file_fault_kinds import FILE_NAMES
from .state import Done, NodeState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..host.kernel_log import KernelLog
    from .file_fault_kinds import FileFault

ALL_NAMES = (*NAMES, *FILE_NAMES)
"""The kinds of both families."""
OPTIONS = (*of_state.OPTIONS, "step")
"""The options of all kinds."""


class FaultRequest(Value):
    """What a user wants.

    :arg is_present: put a fault on, or take faults off.
    :arg kind: None for all kinds, which is only possible if they are taken off.
    :arg gpus: as given: indices, UUIDs or PCI bus ids; None for all.
    :arg options: option -> value as given, None if it is not given.
    :arg repeat: raise the events again of a fault that is on already.
    :arg kernel_log: write the kernel's line.
    """

    __slots__ = ("is_present", "kind", "gpus", "options", "repeat", "kernel_log")

    def __init__(
        self,
        is_present: bool,
        kind: str | None,
        gpus: list[str] | None,
        options: dict[str, object],
        repeat: bool = False,
        kernel_log: bool = False,
    ) -> None:
        self.is_present = is_present
        self.kind = kind
        self.gpus = gpus
        self.options = options
        self.repeat = repeat
        self.kernel_log = kernel_log


class FaultChange(Value):
    """What a request did, or would do.

    :arg changed: whether anything differs.
    :arg state: what it did to the state of the GPUs.
    :arg files: what it did to files.
    """

    __slots__ = ("changed", "state", "files")

    def __init__(self, changed: bool, state: Done, files: Changes) -> None:
        self.changed = changed
        self.state = state
        self.files = files

    def diffs(self, path: str) -> list[dict[str, str]]:
        """Return Ansible's diff structures.

        :arg path: of the state file.
        """
        found = diff.diffs(self.files)
        if self.state.changed or not found:
            before, after = "".join(self.state.before), "".join(self.state.after)
            found.insert(0, {"before_header": path, "after_header": path, "before": before, "after": after})
        return found


class NodeFaults:
    """The faults of a mock.

    :arg root: an open host root.
    :arg driver_root: root of its driver installation.
    :raises HostError: there is none of nvmock.gpu, or its files are damaged.
    """

    def __init__(self, root: HostRoot, driver_root: str) -> None:
        self._root = root
        self._driver_root = driver_root
        self._state = NodeState(root, driver_root)

    @property
    def path(self) -> str:
        """The path of the state file."""
        return self._state.path

    def gpus(self, chosen: list[str] | None) -> list[int]:
        """Return the indices of GPUs that are named, or of all.

        :raises ParameterError: there is no such GPU.
        """
        return self._state.gpus(chosen)

    def change(self, request: FaultRequest, check: bool = False) -> FaultChange:
        """Do what a user wants.

        :arg check: change nothing.
        :raises ParameterError: something is not allowed.
        :raises HostError: the node does not allow it.
        """
        gpus = self.gpus(request.gpus)
        kind = request.kind
        if (kind is not None and kind not in ALL_NAMES) or (kind is None and request.is_present):
            raise ParameterError("fault.kind", kind, "one of " + ", ".join(ALL_NAMES))
        if request.kernel_log and (not request.is_present or not _xids(kind)):
            what = kind if request.is_present else "a fault that is taken off"
            raise ParameterError("fault.kernel_log", True, f"left out for {what}: the kernel has no line for it")
        changed, state, files = False, Done(False, [], []), Changes()
        if kind is None or kind in FILE_NAMES:
            changed, files = self._change_files(request, gpus, check)
        if kind in NAMES or (kind is None and self._has_state()):
            state = self._change_state(request, gpus, check)
        return FaultChange(changed or state.changed, state, files)

    def _change_files(self, request: FaultRequest, gpus: list[int], check: bool) -> tuple[bool, Changes]:
        kind = request.kind
        known = read_manifest(self._root)
        if kind is None and not known.faults:
            # A killed run may have left something behind.
            return False, Changes() if known.in_progress else change(
                self._root, _nothing, check, allow_real_driver=True
            )
        from . import file_faults

        named = None if request.gpus is None else gpus
        new = None
        if request.is_present and kind is not None:
            for option, value in request.options.items():
                if value is not None and option != "step":
                    belongs = ", ".join(of_state.OPTIONS[option])
                    raise ParameterError(f"fault.{option}", value, f"left out for {kind}: it belongs to {belongs}")
            new = file_faults.file_fault(kind, named, self.gpus(None), request.options.get("step"))
            edit = file_faults.injected(new)
        else:
            if kind is not None:
                file_faults.refuse_gpus(kind, named)
            edit = file_faults.healed(named, None if kind is None else [kind])
        instance = file_faults.instance_of_tree(self._root, self._driver_root)
        faults = file_faults.FileFaults(self._root, instance, self._state.machine)
        return faults.change(edit, new, check)

    def _change_state(self, request: FaultRequest, gpus: list[int], check: bool) -> Done:
        options = dict(request.options)
        step = options.pop("step", None)
        if request.is_present and step is not None:
            raise ParameterError("fault.step", step, f"left out for {request.kind}: it belongs to driver_upgrade")
        edit = of_state.requested(self._state, gpus, request.is_present, request.kind, options, request.repeat)
        if not request.kernel_log:
            return self._state.change(edit, None, check)
        with self._kernel_log() as log:
            done = self._state.change(edit, None, check)
            if done.changed and not check:
                for gpu in gpus:
                    for line in kernel_lines(self._state.machine.gpus[gpu].pci_bus_id, request):
                        log.write(line)
        return done

    def _kernel_log(self) -> AbstractContextManager[KernelLog]:
        from ..host.kernel_log import KernelLog

        return KernelLog(self._root)

    def of_gpus(self, gpus: list[int]) -> list[dict[str, object]]:
        """Return the faults that are on GPUs now, as results have them."""
        state = self._state.read() if self._has_state() else None
        found: list[dict[str, object]] = []
        for gpu in gpus:
            rows = [] if state is None else listed(state.of_gpu(gpu))
            rows += [{"kind": fault.kind} for fault in self._files() if gpu in fault.gpus]
            found.append({"index": gpu, "faults": rows})
        return found

    def of_node(self) -> list[dict[str, object]]:
        """Return the faults of the node that are no GPU's."""
        rows: list[dict[str, object]] = []
        for fault in self._files():
            if not fault.gpus:
                rows.append({"kind": fault.kind, "step": fault.step} if fault.step else {"kind": fault.kind})
        return rows

    def _files(self) -> list[FileFault]:
        texts = read_manifest(self._root).faults
        if not texts:
            return []
        from .file_faults import faults_of, instance_of_tree

        return faults_of(texts, instance_of_tree(self._root, self._driver_root))

    def _has_state(self) -> bool:
        """Whether the driver installation has a state; one whose libraries are empty files has none."""
        status = self._root.status(self.path)
        return status is not None and status.st_size > 0


def _nothing(_root: HostRoot) -> list[Component]:
    return []


def _xids(kind: str | None) -> list[int | None]:
    """The Xids of a kind of fault; None stands for the one that the user chooses."""
    found: list[Kind] = [one for one in KINDS if one.name == kind]
    return [data for one in found for event, data in one.events if event == XID]


def kernel_lines(bus_id: str, request: FaultRequest) -> list[str]:
    """Return what a driver's kernel module writes about a fault, with the prefix of nvmock.gpu.

    :arg bus_id: the PCI bus id of the GPU.
    """
    lines = []
    for data in _xids(request.kind):
        code = int(str(request.options.get("xid"))) if data is None else data
        text = xid_text(code) or "unknown error"
        place = bus_id.rpartition(".")[0]
        lines.append(f"nvmock: NVRM: Xid (PCI:{place}): {code}, pid='<unknown>', name=<unknown>, {text}.")
    return lines
