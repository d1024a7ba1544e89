# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The program that a specification names as its hook: which one, and whether its release fits the specification.

A node may have NVIDIA's own program, of any release. Release 1.17 fails on a command that it does not have, and then no
container starts. So a program of the node that runs this process is asked for its version. In a host root other than ``/``
it can't be asked: the program may need libraries that only that root has.
"""

from __future__ import annotations

from .. import parameters
from ..cdi.spec import all_edits
from ..errors import SpecError
from ..host.entries import Entry, directory, file, owned_by
from ..native import CDI_HOOK, binary
from ..nvcdi.locators import BINARY_DIRS
from ..nvcdi.options import HOOKS_TOOLKIT
from ..nvcdi.releases import COMMANDS_SINCE, PUBLISHED, release_of_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..host.manifest import Manifest
    from ..host.view import HostView
    from ..nvcdi.options import Options

_TIME_LIMIT = 2.0  # seconds
_RUNNING = "/"  # the host root of the node that runs this process
# Answers of this process, by what identifies the file. None: no version in the answer, or no answer.
_answers: dict[object, tuple[int, int, int] | None] = {}


def choose(
    view: HostView, known: Manifest, options: Options, toolkit_root: str, uid: int | None, gid: int | None
) -> tuple[str, list[Entry]]:
    """Return the path of the hook program, and the entries that install it if the node has none.

    :arg toolkit_root: where it is installed.
    :arg uid: owner of what is installed.
    :arg gid: group of what is installed.
    :raises ParameterError: the path that was given is not an absolute path.
    """
    if options.hook_mode != HOOKS_TOOLKIT:
        return "", []
    if options.hook_path:
        return parameters.absolute_path("hook_path", options.hook_path), []
    found = find(view, known, toolkit_root)
    if found and found not in known.owned:
        return found, []
    managed = f"{toolkit_root}/bin/{CDI_HOOK}"
    entries = [directory(f"{toolkit_root}/bin"), file(managed, binary(CDI_HOOK, options.architecture), 0o755)]
    return managed, owned_by(entries, uid, gid)


def find(view: HostView, known: Manifest, toolkit_root: str) -> str:
    """Return the path of the node's hook program, "" if it has none.

    An unmanaged program takes precedence over the managed one. What can't be executed is no program.
    """
    managed = f"{toolkit_root}/bin/{CDI_HOOK}"
    own = {managed, view.realpath(managed)} if managed in known.owned else set()
    places = (managed, *(f"{place}/{CDI_HOOK}" for place in BINARY_DIRS))
    found = [place for place in places if view.is_executable(place)]
    for place in found:
        if place not in known.owned and view.realpath(place) not in own:
            return place
    return managed if managed in found else ""


def version_of(view: HostView, known: Manifest, path: str) -> tuple[int, int, int] | None:
    """Return the version that the hook program says it has; None if it can't be asked or is managed."""
    if view.root != _RUNNING or path in known.owned or not view.is_executable(path):
        return None
    identity = view.identity(path)
    if identity not in _answers:
        _answers[identity] = _version_in(_ask(path))
    return _answers[identity]


def _ask(path: str) -> str:
    import subprocess

    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout[:4096].decode("utf-8", "replace")


def _version_in(text: str) -> tuple[int, int, int] | None:
    """Return (1, 17, 9) for ``NVIDIA CDI Hook version 1.17.9``; None if there is no version in *text*."""
    _name, found, rest = text.partition(" version ")
    words = rest.split()
    numbers = words[0].lstrip("v").partition("-")[0].split(".") if found and words else []
    if len(numbers) != 3 or not all(number.isdigit() and number.isascii() for number in numbers):
        return None
    major, minor, patch = map(int, numbers)
    return major, minor, patch


def fitted(options: Options, path: str, version: tuple[int, int, int] | None) -> Options:
    """Return options for a specification that the hook program can serve, as far as the caller left the choice open.

    :raises SpecError: its release is older than all that are supported.
    """
    if version is None or options.toolkit_release:
        return options
    release = release_of_version(version)
    if not release:
        raise SpecError(
            f"{path}: is of release {_dotted(version)}, but the oldest that is supported is {PUBLISHED[0]}: update it, "
            "name another as hook_path, or set hook_mode: none"
        )
    missing = [name for name, since in COMMANDS_SINCE.items() if version < since]
    return options.but(toolkit_release=release, disabled_hooks=(*options.disabled_hooks, *missing))


def missing_command(spec: dict[str, Any], path: str, version: tuple[int, int, int] | None) -> str:
    """Return one line about a command of *spec* that its hook program does not have; "" if it has all."""
    if version is None:
        return ""
    for hook in [hook for edit in all_edits(spec) for hook in edit.get("hooks") or ()]:
        arguments = hook.get("args") or [] if hook["path"] == path else []
        for name in arguments[1:3]:
            if version < COMMANDS_SINCE.get(name, version):
                return (
                    f"{path}: is of release {_dotted(version)} and has no command {name}: use toolkit_release "
                    f"{release_of_version(version) or PUBLISHED[0]} or none, or add {name} to disabled_hooks"
                )
    return ""


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
