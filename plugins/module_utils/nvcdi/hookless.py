# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Specifications without hooks, for nodes where no hook program can run.

Mounts replace the hooks: every name under which a program opens a library (``libcuda.so``, ``libcuda.so.1``, ``libnvidia-ml.so.1`` ...)
is a mount of the real file. What mounts can't replace is left out: CUDA forward compatibility, and the settings that prevent the driver
from creating device nodes. Without a cache of the dynamic linker, libraries must be in its default directories. Debian's linker does not
search lib64, and other linkers do not search Debian's directories, so a library in one of them is also mounted in the other.
"""

from __future__ import annotations

from ..cdi.spec import mount, ordered_edits
from ..errors import SpecError
from ..host.view import clean
from .hooks import CREATE_SYMLINKS
from .soname import soname

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..cdi.spec import Edits, Entry
    from ..host.view import HostView
    from .options import Options
    from .releases import Release


def replace_hooks(
    view: HostView, options: Options, release: Release, common: Edits, devices: list[Entry]
) -> tuple[Edits, list[Entry]]:
    """The common edits and devices without hooks."""
    dev_root = clean(options.dev_root)
    plain = dict(common)
    mounts = list(common.get("mounts", ()))
    mounts += _names(view, release, mounts, _links(common))
    mounts += _where_linkers_look(options.architecture, mounts)
    plain["mounts"] = mounts
    plain_devices = []
    for device in devices:
        edits = dict(device["containerEdits"])
        edits["deviceNodes"] = edits.get("deviceNodes", []) + _linked_nodes(dev_root, edits)
        edits.pop("hooks", None)
        plain_devices.append({**device, "containerEdits": ordered_edits(edits)})
    plain.pop("hooks", None)
    return ordered_edits(plain), plain_devices


def _links(edits: Edits) -> list[tuple[str, str]]:
    """(target, link) of all create-symlinks hooks."""
    links = []
    for hook in edits.get("hooks", ()):
        if CREATE_SYMLINKS in hook["args"]:
            for argument in hook["args"]:
                target, separator, link = argument.partition("::")
                if separator:
                    links.append((target, link))
    return links


def _names(view: HostView, release: Release, mounts: Iterable[Entry], links: Iterable[tuple[str, str]]) -> list[Entry]:
    """A mount for each further name of the mounted files."""
    files = {entry["containerPath"]: entry["hostPath"] for entry in mounts}
    wanted = {}
    linked: dict[str, dict[str, list[str]]] = {}
    for path, host_path in list(files.items()):
        directory, _slash, file_name = host_path.rpartition("/")
        if ".so" not in file_name:
            continue
        if directory not in linked:
            linked[directory] = _links_by_file(view, directory)
        for name in _library_names(view, host_path, file_name, linked[directory]):
            wanted[f"{path.rpartition('/')[0]}/{name}"] = host_path
    for target, link in links:
        directory = link.rpartition("/")[0]
        path = target if target.startswith("/") else clean(f"{directory}/{target}")
        real = files.get(path) or wanted.get(path) or _versioned(files, path)
        if real is not None:
            wanted.setdefault(path, real)
            wanted.setdefault(link, real)
    return [mount(real, path, release.mount_options) for path, real in wanted.items() if path not in files]


def _where_linkers_look(architecture: str, mounts: Iterable[Entry]) -> list[Entry]:
    """Mounts of the same libraries in the directory that the other family of distributions uses."""
    debian = f"/usr/lib/{architecture}-linux-gnu"
    others = {"/lib64": debian, "/usr/lib64": debian, debian: "/usr/lib64", debian[len("/usr") :]: "/usr/lib64"}
    taken = {entry["containerPath"] for entry in mounts}
    found: dict[str, Entry] = {}
    for entry in mounts:
        directory, _slash, name = entry["containerPath"].rpartition("/")
        if directory in others and ".so" in name:
            path = f"{others[directory]}/{name}"
            if path not in taken:
                found.setdefault(path, {**entry, "containerPath": path})
    return list(found.values())


def _links_by_file(view: HostView, directory: str) -> dict[str, list[str]]:
    """The links among the libraries of a directory, by the file that they lead to."""
    found: dict[str, list[str]] = {}
    for name in view.listdir(directory):
        path = f"{directory}/{name}"
        if ".so" in name and view.readlink(path) is not None:
            real = view.realpath(path)
            if real is not None:
                found.setdefault(real, []).append(name)
    return found


def _library_names(view: HostView, host_path: str, name: str, linked: dict[str, list[str]]) -> Iterator[str]:
    """The links beside a library that lead to it, and its SONAME, which ldconfig would link."""
    # Links to a library bear its name with less or no version, or another name (libGLX_indirect.so.0).
    for other in linked.get(view.realpath(host_path) or "", ()):
        if other != name:
            yield other
    content = view.read_bytes(host_path)
    try:
        own_name = soname(content or b"", name)
    except SpecError:
        return
    if own_name != name and own_name.partition(".so")[0] == name.partition(".so")[0] and "/" not in own_name:
        yield own_name


def _versioned(files: dict[str, str], path: str) -> str | None:
    """The file that a missing link would lead to: libcuda.so.550.54.15 for libcuda.so.1."""
    stem = path.partition(".so")[0] + ".so."
    for candidate, host_path in files.items():
        if candidate.startswith(stem) and "/" not in candidate[len(stem) :]:
            return host_path
    return None


def _linked_nodes(dev_root: str, edits: Edits) -> list[Entry]:
    """The links in /dev/dri/by-path as device nodes of their own."""
    nodes = {node["path"]: node for node in edits.get("deviceNodes", ())}
    prefix = "" if dev_root == "/" else dev_root
    found = []
    for target, link in _links(edits):
        path = link[len(prefix) :] if link.startswith(prefix) else link
        place = (
            target[len(prefix) :] if target.startswith(f"{prefix}/") else clean(f"{path.rpartition('/')[0]}/{target}")
        )
        node = nodes.get(place)
        if node is not None:
            same = {key: value for key, value in node.items() if key not in ("path", "hostPath")}
            found.append({"path": path, "hostPath": node.get("hostPath", place), **same})
    return found
