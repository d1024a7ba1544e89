# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The faults that the files of a node can have: device nodes, specifications, the hook program, the driver installation."""

from __future__ import annotations

from ..host.owner import CDI_SPEC, DEVICES, DRIVER_TREE
from ..values import Value


class FileKind(Value):
    """A kind of fault.

    :arg name: as users write it. Manifests have it, so it never changes.
    :arg about: what it is, for lists.
    :arg part: the part of the mock that it goes with, DEVICES, DRIVER_TREE or CDI_SPEC.
    :arg needs: what a node must have to have the fault, to be read after "does not have".
    """

    __slots__ = ("name", "about", "part", "needs")

    def __init__(self, name: str, about: str, part: str, needs: str) -> None:
        self.name = name
        self.about = about
        self.part = part
        self.needs = needs

    @property
    def is_of_gpus(self) -> bool:
        """Whether GPUs have it, and not the node."""
        return self.part == DEVICES


_NODE = "device nodes of this GPU that are character devices"
_SPEC = "a CDI specification of nvmock.gpu"
_LIBRARIES = "libraries of nvmock.gpu with content"

KINDS = (
    FileKind("device_node_wrong_major", "a device node with a major number that no driver has", DEVICES, _NODE),
    FileKind("device_node_no_permission", "a device node that only root can open", DEVICES, _NODE),
    FileKind("device_node_missing", "no device node of a GPU", DEVICES, "device nodes of this GPU"),
    FileKind(
        "library_other_version", "an NVML library of another version than the kernel module", DRIVER_TREE, _LIBRARIES
    ),
    FileKind(
        "driver_upgrade",
        "a driver upgrade: new libraries (step 1), new kernel module (step 2)",
        DRIVER_TREE,
        _LIBRARIES,
    ),
    FileKind("library_missing", "no NVML library", DRIVER_TREE, "an NVML library of nvmock.gpu"),
    FileKind("driver_half_removed", "a driver without programs and libcuda", DRIVER_TREE, "a driver installation"),
    FileKind("spec_stale", "a specification of an earlier driver version and other GPUs", CDI_SPEC, _SPEC),
    FileKind("spec_duplicate", "a second specification with the same devices", CDI_SPEC, _SPEC),
    FileKind(
        "spec_shadowed",
        "a specification in /var/run/cdi that takes precedence",
        CDI_SPEC,
        "a CDI specification of nvmock.gpu in a directory with a lower priority than /var/run/cdi",
    ),
    FileKind("spec_invalid", "a specification that was cut", CDI_SPEC, _SPEC),
    FileKind("spec_missing", "no specification", CDI_SPEC, _SPEC),
    FileKind("hook_missing", "no hook program", CDI_SPEC, "a hook program of nvmock.gpu"),
)
"""In the order in which their effects are computed. Where two contradict each other, the later one counts."""
FILE_NAMES = tuple([kind.name for kind in KINDS])
STEPS = (1, 2)
"""Of driver_upgrade."""


class FileFault(Value):
    """A fault of files.

    :arg kind: one of :data:`FILE_NAMES`.
    :arg gpus: indices of the GPUs that have it; () for a fault of the node.
    :arg step: of driver_upgrade, 0 for other kinds.
    """

    __slots__ = ("kind", "gpus", "step")

    def __init__(self, kind: str, gpus: tuple[int, ...] = (), step: int = 0) -> None:
        self.kind = kind
        self.gpus = gpus
        self.step = step

    @property
    def text(self) -> str:
        """The fault as manifests have it, and as it is shown for a node."""
        words = [self.kind]
        if self.gpus:
            words.append("gpus=" + ",".join([str(gpu) for gpu in self.gpus]))
        if self.step:
            words.append(f"step={self.step}")
        return " ".join(words)


def kind_of(name: str) -> FileKind:
    """Return the kind with a name.

    :raises KeyError: there is none.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise KeyError(name)


def read_fault(text: str) -> FileFault:
    """Read what :attr:`FileFault.text` wrote.

    :raises ValueError: it is damaged, or of a kind that this version does not know.
    """
    name, *words = text.split(" ")
    if name not in FILE_NAMES:
        raise ValueError(text)
    is_of_gpus = kind_of(name).is_of_gpus
    gpus: tuple[int, ...] = ()
    step = 0
    for word in words:
        key, _equals, value = word.partition("=")
        numbers = tuple([int(number) for number in value.split(",") if number.isascii() and number.isdigit()])
        if key == "gpus" and is_of_gpus:
            gpus = numbers
        elif key == "step" and name == "driver_upgrade" and numbers and numbers[0] in STEPS:
            step = numbers[0]
    fault = FileFault(name, gpus, step)
    if fault.text != text or is_of_gpus != bool(gpus) or (name == "driver_upgrade") != bool(step):
        raise ValueError(text)
    if gpus != tuple(sorted(set(gpus))):
        raise ValueError(text)
    return fault
