# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether CDI libraries accept a specification, as strictly as the library and the published schema together.

Sources: CDI SPEC.md 1.1.0; pkg/cdi/spec.go, device.go and container-edits.go, pkg/parser, specs-go/version.go and
internal/validation of the CDI library; schema/schema.json and defs.json. The library reads files strictly, so
unknown fields are refused.
"""

from __future__ import annotations

from .field_types import BOOL, INTEGER, LIST, MAP, TEXT, TEXTS, UINT32, Field, Fields, check_fields
from .names import annotation_problems, device_name_problem, kind_problem, one_line
from .version import VERSIONS, minimum_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# Known to the library, but below what any field needs: files of these versions are always refused.
_OLD_VERSIONS = ("0.1.0", "0.2.0")
_HOOK_NAMES = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
_DEVICE_TYPES = ("", "b", "c", "u", "p")
_MAX_CLOS_ID = 4096

_SPEC_FIELDS = Fields(
    {
        "cdiVersion": Field(TEXT, required=True),
        "kind": Field(TEXT, required=True),
        "annotations": Field(MAP),
        "devices": Field(LIST, required=True),
        "containerEdits": Field(MAP),
    }
)
_DEVICE_FIELDS = Fields(
    {
        "name": Field(TEXT, required=True),
        "annotations": Field(MAP),
        "containerEdits": Field(MAP, required=True),
    }
)
_EDIT_FIELDS = Fields(
    {
        "env": Field(TEXTS),
        "deviceNodes": Field(LIST),
        "netDevices": Field(LIST),
        "hooks": Field(LIST),
        "mounts": Field(LIST),
        "intelRdt": Field(MAP),
        "additionalGids": Field(LIST, items=UINT32),
    }
)
_NODE_FIELDS = Fields(
    {
        "path": Field(TEXT, required=True),
        "hostPath": Field(TEXT),
        "type": Field(TEXT),
        "major": Field(INTEGER),
        "minor": Field(INTEGER),
        "fileMode": Field(UINT32),
        "permissions": Field(TEXT),
        "uid": Field(UINT32),
        "gid": Field(UINT32),
    }
)
_NET_FIELDS = Fields({"hostInterfaceName": Field(TEXT, required=True), "name": Field(TEXT, required=True)})
_HOOK_FIELDS = Fields(
    {
        "hookName": Field(TEXT, required=True),
        "path": Field(TEXT, required=True),
        "args": Field(TEXTS),
        "env": Field(TEXTS),
        "timeout": Field(UINT32),
    }
)
_MOUNT_FIELDS = Fields(
    {
        "hostPath": Field(TEXT, required=True),
        "containerPath": Field(TEXT, required=True),
        "options": Field(TEXTS),
        "type": Field(TEXT),
    }
)
_RDT_FIELDS = Fields(
    {
        "closID": Field(TEXT),
        "l3CacheSchema": Field(TEXT),
        "memBwSchema": Field(TEXT),
        "schemata": Field(TEXTS),
        "enableMonitoring": Field(BOOL),
    }
)

_ENTRY_FIELDS = {"deviceNodes": _NODE_FIELDS, "netDevices": _NET_FIELDS, "hooks": _HOOK_FIELDS, "mounts": _MOUNT_FIELDS}
# Fields that are text, and lists and maps of texts.
TEXT_FIELDS = {"annotations"} | {
    name
    for fields in (_SPEC_FIELDS, _DEVICE_FIELDS, _EDIT_FIELDS, _RDT_FIELDS, *_ENTRY_FIELDS.values())
    for name, field in fields.items()
    if field.kind in (TEXT, TEXTS)
}


def problems(spec: object) -> list[str]:
    """Return all errors of a specification, one line each, which starts with the position; empty if it is valid.

    :arg spec: the result of a YAML or JSON parser.
    """
    if not isinstance(spec, dict):
        return [f"spec: must be a map, is {_kind_of(spec)}"]
    found = list(_shape(spec))
    # The rest may only look at data of the right shape.
    return found or list(_content(spec))


def _kind_of(data: object) -> str:
    return "empty" if data is None else f"a {type(data).__name__}"


# -- shape: fields and types --------------------------------------------------------------------------------------


def _shape(spec: dict[str, Any]) -> Iterator[str]:
    for problem in check_fields(spec, _SPEC_FIELDS):
        yield f"spec{problem}" if problem.startswith(":") else problem[1:]
    if isinstance(spec.get("containerEdits"), dict):
        yield from _edits_shape("containerEdits", spec["containerEdits"])
    yield from _annotations_shape("annotations", spec)
    good: set[int] = set()
    if isinstance(spec.get("devices"), list):
        for index, device in enumerate(spec["devices"]):
            where = f"devices[{index}]"
            if not isinstance(device, dict):
                yield f"{where}: must be a map, is {_kind_of(device)}"
                continue
            yield from _at(where, check_fields(device, _DEVICE_FIELDS))
            yield from _annotations_shape(f"{where}.annotations", device)
            if isinstance(device.get("containerEdits"), dict):
                yield from _once(_edits_shape, f"{where}.containerEdits", device["containerEdits"], good)


def _once(
    check: Callable[[str, dict[str, Any]], Iterator[str]], where: str, edits: dict[str, Any], good: set[int]
) -> list[str]:
    """Return the problems of edits, which several names of a device can share.

    :arg good: the ids of edits without problems, which are not looked at again.
    """
    if id(edits) in good:
        return []
    found = list(check(where, edits))
    if not found:
        good.add(id(edits))
    return found


def _annotations_shape(where: str, owner: dict[str, Any]) -> Iterator[str]:
    annotations = owner.get("annotations")
    if not isinstance(annotations, dict):
        return
    for key, value in annotations.items():
        if not isinstance(key, str) or not isinstance(value, str):
            yield f"{where}: {key!r}: {value!r} must be text: put it in quotes"


def _edits_shape(where: str, edits: dict[str, Any]) -> Iterator[str]:
    yield from _at(where, check_fields(edits, _EDIT_FIELDS))
    for name, fields in _ENTRY_FIELDS.items():
        entries = edits.get(name)
        if not isinstance(entries, list):
            continue
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                yield f"{where}.{name}[{index}]: must be a map, is {_kind_of(entry)}"
                continue
            found = check_fields(entry, fields)
            if found:
                yield from _at(f"{where}.{name}[{index}]", found)
    if isinstance(edits.get("intelRdt"), dict):
        yield from _at(f"{where}.intelRdt", check_fields(edits["intelRdt"], _RDT_FIELDS))


def _at(where: str, found: list[str]) -> list[str]:
    """Return problems with their position in front of them."""
    return [where + problem for problem in found]


# -- content ------------------------------------------------------------------------------------------------------


def _content(spec: dict[str, Any]) -> Iterator[str]:
    yield from _version_problems(spec)
    problem = kind_problem(spec["kind"])
    if problem:
        yield f"kind: {problem}"
    yield from annotation_problems("annotations", spec.get("annotations") or {})
    yield from _edit_problems("containerEdits", spec.get("containerEdits") or {})
    seen: set[str] = set()
    good: set[int] = set()
    for index, device in enumerate(spec["devices"]):
        where = f"devices[{index}]"
        name = device["name"]
        problem = device_name_problem(name)
        if problem:
            yield f"{where}.name: {problem}"
        if name in seen:
            yield f'{where}.name: invalid spec, multiple device "{name}"'
        seen.add(name)
        yield from annotation_problems(f"{where}.annotations", device.get("annotations") or {})
        edits = device["containerEdits"]
        if not any(value or (field == "intelRdt" and value is not None) for field, value in edits.items()):
            yield f'{where}: device "{name}": invalid device, empty device edits'
        yield from _once(_edit_problems, f"{where}.containerEdits", edits, good)
    if not spec["devices"]:
        yield "devices: invalid spec, no devices"


def _version_problems(spec: dict[str, Any]) -> Iterator[str]:
    version = spec["cdiVersion"]
    number = version[1:] if version.startswith("v") else version
    if number not in VERSIONS and number not in _OLD_VERSIONS:
        yield f'cdiVersion: invalid version "{version}": must be one of {", ".join(VERSIONS)}'
        return
    least = minimum_version(spec)
    if number in _OLD_VERSIONS or VERSIONS.index(number) < VERSIONS.index(least):
        yield f'cdiVersion: is "{version}", but the spec version must be at least v{least} for the fields that are used'


def _edit_problems(where: str, edits: dict[str, Any]) -> Iterator[str]:
    yield from _at(where, _env_problems(edits.get("env")))
    for name, check in _ENTRY_CHECKS.items():
        for index, entry in enumerate(edits.get(name) or ()):
            found = check(entry)
            if found:
                yield from _at(f"{where}.{name}[{index}]", found)
    yield from _net_names(f"{where}.netDevices", edits.get("netDevices") or [])
    class_of_service = (edits.get("intelRdt") or {}).get("closID", "")
    if class_of_service != "/" and (
        len(class_of_service) >= _MAX_CLOS_ID
        or class_of_service in (".", "..")
        or "/" in class_of_service
        or "\n" in class_of_service
    ):
        yield f"{where}.intelRdt.closID: invalid ClosID: must be a file name, or /"


# Problems of one entry, each as it follows the position of the entry.


def _env_problems(env: list[str] | None) -> list[str]:
    return [
        f".env[{index}]: invalid environment variable {_quoted(variable)}: must be NAME=value"
        for index, variable in enumerate(env or ())
        if variable.find("=") <= 0
    ]


def _node_problems(node: dict[str, Any]) -> list[str]:
    found = []
    if not node["path"]:
        found.append(".path: invalid (empty) device path")
    kind = node.get("type") or ""
    if kind not in _DEVICE_TYPES:
        found.append(f".type: invalid type {_quoted(kind)}: must be b, c, u or p")
    for name in ("major", "minor"):
        if (node.get(name) or 0) < 0:
            found.append(f".{name}: invalid (negative) device number {node[name]}")
    permissions = node.get("permissions") or ""
    if permissions != "none" and permissions.strip("rwm"):
        found.append(f".permissions: invalid permissions {_quoted(permissions)}: must be of the letters r, w and m")
    return found


def _net_problems(device: dict[str, Any]) -> list[str]:
    names = [name for name in ("hostInterfaceName", "name") if not device[name]]
    return [f".{name}: invalid linux net device, must not be empty" for name in names]


def _net_names(where: str, devices: list[dict[str, Any]]) -> Iterator[str]:
    for name in ("hostInterfaceName", "name"):
        seen = set()
        for index, device in enumerate(devices):
            if device[name] in seen:
                yield f"{where}[{index}].{name}: invalid linux net device, duplicate {_quoted(device[name])}"
            seen.add(device[name])


def _hook_problems(hook: dict[str, Any]) -> list[str]:
    found = []
    if hook["hookName"] not in _HOOK_NAMES:
        allowed = ", ".join(_HOOK_NAMES)
        found.append(f".hookName: invalid hook name {_quoted(hook['hookName'])}: must be one of {allowed}")
    if not hook["path"]:
        found.append(".path: invalid hook with empty path")
    return found + _env_problems(hook.get("env"))


def _mount_problems(mount: dict[str, Any]) -> list[str]:
    if mount["hostPath"] and mount["containerPath"]:
        return []
    ends = (("hostPath", "host"), ("containerPath", "container"))
    return [f".{name}: invalid mount, empty {said} path" for name, said in ends if not mount[name]]


_ENTRY_CHECKS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "deviceNodes": _node_problems,
    "netDevices": _net_problems,
    "hooks": _hook_problems,
    "mounts": _mount_problems,
}


def _quoted(text: str) -> str:
    """The text on one line, as Go's %q about does."""
    return '"' + one_line(text).replace('"', '\\"') + '"'
