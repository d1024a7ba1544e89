# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Generates a CDI specification from a machine and the files on its node, like nvidia-container-toolkit."""

from __future__ import annotations

from ..cdi.version import minimum_version
from ..errors import SpecError
from .modes import COHERENT, Context, resolve
from .options import HOOKS_NONE
from .releases import release as release_named
from .simplify import add_all_device, simplify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cdi.spec import Entry, Spec
    from ..host.view import HostView
    from ..machine.model import Machine
    from .options import Options


def generate(machine: Machine, view: HostView, options: Options) -> list[tuple[str, Spec]]:
    """Return the specifications that ``nvidia-ctk cdi generate`` writes, each with the suffix of its file name.

    There is one (``""``), except with coherent annotations: then the GPUs are also in ``.coherent`` or
    ``.noncoherent``, with a different class.

    :arg machine: the facts that NVML returns.
    :arg view: the node. Its files determine what a specification mounts.
    :returns: each specification as a dict in the order of the library's structs.
    :raises SpecError: the driver or its device nodes are not found, or the specification is not valid.
    :raises ParameterError: the release is unknown.
    """
    release = release_named(options.toolkit_release)
    mode = resolve(options.mode, view, release)
    context = Context(machine, view, options, release)
    devices = mode.devices(context)
    common = mode.common(context).edits()
    if options.hook_mode == HOOKS_NONE:
        from .hookless import replace_hooks

        common, devices = replace_hooks(view, options, release, common, devices)

    kind = f"{options.vendor}/{options.cdi_class}"
    found = [("", _build(options, kind, devices, common))]
    for infix, coherent in (("coherent", "true"), ("noncoherent", "false")):
        own = [device for device in devices if device.get("annotations", {}).get(COHERENT) == coherent]
        if own:
            found.append((f".{infix}", _build(options, f"{kind}.{infix}", own, common)))
    return found


def with_infix(path: str, infix: str) -> str:
    """Return the path of an additional specification, such as ``nvidia.coherent.yaml`` for ``nvidia.yaml``."""
    directory, slash, name = path.rpartition("/")
    dot = name.rfind(".") if "." in name else len(name)
    return f"{directory}{slash}{name[:dot]}{infix}{name[dot:]}"


def _build(options: Options, kind: str, devices: list[Entry], common: Entry) -> Spec:
    spec: Spec = {
        "cdiVersion": "",
        "kind": kind,
        "devices": [dict(device) for device in devices],
        "containerEdits": common,
    }
    simplify(spec)
    if options.all_device and "none" not in options.device_ids:
        add_all_device(spec)
    spec["cdiVersion"] = minimum_version(spec)
    _check(spec)
    return spec


def _check(spec: Spec) -> None:
    """Refuse what the CDI library refuses to save, with its messages.

    :raises SpecError: naming the first problem.
    """
    from ..cdi.validate import problems

    seen = set()
    for device in spec["devices"]:
        name = device["name"]
        if not device["containerEdits"]:
            raise _unsaved(f'failed add device "{name}": invalid device, empty device edits')
        if name in seen:
            raise _unsaved(f'invalid spec, multiple device "{name}"')
        seen.add(name)
    if not seen:
        raise _unsaved("invalid spec, no devices")
    for problem in problems(spec):
        raise _unsaved(problem)


def _unsaved(problem: str) -> SpecError:
    return SpecError(f"failed to write spec: invalid CDI Spec: {problem}")
