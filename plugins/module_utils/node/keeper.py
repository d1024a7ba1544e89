# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Who keeps a node: a process that runs ``gpu-mockctl watch``, or the people who run Ansible or gpu-mockctl.

The manifest says it. At one file of a node that a watch made, it has the tag ``watch:<host name>``; the host name of a pod is
the pod's name. Every other run removes this tag, also if it changes nothing: the node is then that run's. A watch repairs such
a node if it would make the same one, and refuses it otherwise. It does not make a node again that another run removed.
"""

from __future__ import annotations

from ..errors import GuardError, HostError, shortened
from ..host import manifest as manifests
from ..host.converge import Component
from ..host.entries import DIRECTORY
from ..host.manifest import read_manifest
from ..host.owner import instance_of
from ..host.root import HostRoot
from ..machine.file import PATH as MACHINE_FILE
from ..machine.file import read_machine_file
from ..machine.model import Machine
from .components import owners_of
from .mig_state import cut_by_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FAMILY = "watch"
_MOST = 200  # characters of a list of UUIDs in a message


def released(root: HostRoot, instance: str | None) -> list[Component]:
    """What a run that is not a watch adds to its components, so that the mock is no longer a watch's.

    :arg instance: name of the mock, None for every mock.
    """
    return _without(tag for tag in read_manifest(root).tags if _is_of_watch(tag, instance))


class Keeper:
    """What a watch may do with its node.

    :arg name: the host name.
    :arg driver_root: root of the driver installation that the watch makes; its machine file is compared.
    :arg take_over: change a node of another run.
    :arg instance: name of the mock, "" for the one without.
    :ivar kept: whether the watch has made or repaired the node before. It then knows that another run removed it.
    """

    def __init__(self, name: str, driver_root: str, take_over: bool, instance: str = "") -> None:
        self.kept = False
        self._instance = instance
        self._tag = f"{FAMILY}.{instance}:{name}" if instance else f"{FAMILY}:{name}"
        self._machine_file = f"{driver_root}/{MACHINE_FILE}"
        self._take_over = take_over

    def components(self, root: HostRoot, machine: Machine, wanted: list[Component]) -> list[Component]:
        """Return what the watch adds to its components.

        :raises GuardError: the node is another run's; the message says what differs and what to do.
        """
        tags = {tag for tag in read_manifest(root).tags if _is_of_watch(tag, self._instance)}
        parts = {owner.tag for owner in owners_of(root) if owner.instance == self._instance}
        if not self._take_over:
            if not parts and self.kept and self._is_bare(root):
                raise GuardError(
                    "another run removed the mock GPUs from this node: it stays without them; to create them again, start"
                    " this command again (delete the pod), otherwise keep it off this node (in_cluster_machines:"
                    " node_selector)"
                )
            # When a watch starts, the tag can be that of a pod that it replaces.
            if parts and self._tag not in tags and (self.kept or not tags):
                self._compare(root, machine, parts, {component.owner for component in wanted if component.entries})
                return []
        # Any file is good; a directory can be one that the node had before.
        entry = next(entry for component in wanted[::-1] for entry in component.entries if entry.kind != DIRECTORY)
        return [Component(self._tag, [entry], makes=_nowhere), *_without(tags - {self._tag})]

    def owns(self, root: HostRoot) -> bool:
        """Whether the node is this watch's."""
        return self._tag in read_manifest(root).tags

    def _is_bare(self, root: HostRoot) -> bool:
        """Whether a removal is why there is no manifest. A manifest that got lost leaves the rest."""
        return root.status(manifests.PATH) is None and root.status(self._machine_file) is None

    def _compare(self, root: HostRoot, machine: Machine, parts: set[str], wanted: set[str]) -> None:
        try:
            made = cut_by_state(
                root, read_machine_file(root.read(self._machine_file), self._machine_file), self._instance
            )
        except HostError as error:
            theirs, would = f"({error})", ""
        else:
            facts, own = _facts(made), _facts(machine)
            facts["parts"], own["parts"] = ", ".join(sorted(parts)), ", ".join(sorted(wanted))
            name = next((name for name in facts if facts[name] != own[name]), None)
            if name is None:
                return
            theirs = f"with the {name} {shortened(facts[name], _MOST)}"
            would = f", and this command would make it one with the {name} {shortened(own[name], _MOST)}"
        raise GuardError(
            f"another run made this node a mock GPU node {theirs}{would}: keep this command off the node"
            " (in_cluster_machines: node_selector), or set take_over (in_cluster_take_over); nothing was changed"
        )


def _is_of_watch(tag: str, instance: str | None) -> bool:
    word = tag.partition(":")[0].partition(".")[0]
    return word == FAMILY and instance in (None, instance_of(tag))


def _without(tags: Iterable[str]) -> list[Component]:
    return [Component(tag, [], makes=_nowhere) for tag in sorted(tags)]


def _nowhere(_path: str) -> bool:
    """A watch's tag is no reason to remove something."""
    return False


def _facts(machine: Machine) -> dict[str, str]:
    """What people set of a machine, as text, by name."""
    gpus = machine.gpus
    return {
        "machine type": machine.type_name,
        "driver version": machine.driver_version,
        "number of GPUs": str(len(gpus)),
        "product name": ", ".join(sorted({gpu.name for gpu in gpus})),
        "PCI bus ids": ", ".join(gpu.pci_bus_id for gpu in gpus),
        "UUIDs": ", ".join(gpu.uuid for gpu in gpus),
        "MIG devices": ", ".join(f"{gpu.index}:{mig.profile}" for gpu in gpus for mig in gpu.mig_devices) or "none",
        "GPUs in MIG mode": ", ".join(str(gpu.index) for gpu in gpus if gpu.mig_enabled) or "none",
    }
