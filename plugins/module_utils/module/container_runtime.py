# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_container_runtime does: it enables CDI in the container runtimes of a node, or restores their files."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from ..errors import NvmockError, ParameterError
from ..runtime_config import containerd, crio, docker, podman
from ..runtime_config.store import ConfigFile, changed_paths, names_in, read_text
from ..runtime_config.versions import at_least, find, numbers
from .one_line import OneLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ..runtime_config.decision import Decision
    from ..runtime_config.store import Edit


class Runtime(NamedTuple):
    """One of the runtimes.

    :arg option: the option that names its file.
    :arg language: language of its file.
    :arg check: the arguments with which its program checks a new file; ``%s`` is replaced by its path.
    """

    program: str
    minimum: str
    option: str
    language: str
    check: tuple[str, ...] = ()


RUNTIMES = {
    "containerd": Runtime(
        containerd.PROGRAM, containerd.MINIMUM, "containerd_config", "toml", ("--config", "%s", "config", "dump")
    ),
    "docker": Runtime(docker.PROGRAM, docker.MINIMUM, "docker_config", "json", ("--validate", "--config-file", "%s")),
    "crio": Runtime(crio.PROGRAM, crio.MINIMUM, "crio_drop_in", "toml"),
    "podman": Runtime(podman.PROGRAM, podman.MINIMUM, "podman_drop_in", "toml"),
}
AUTO = "auto"

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "names": {"type": "list", "elements": "str", "default": [AUTO]},
    "versions": {"type": "dict", "default": {}},
    "cdi_spec_dirs": {"type": "list", "elements": "str", "default": ["/etc/cdi"]},
    "verify": {"type": "bool", "default": True},
    "state_directory": {"type": "path", "default": "/var/lib/nvmock-container-runtime"},
    "containerd_config": {"type": "path", "default": "/etc/containerd/config.toml"},
    "docker_config": {"type": "path", "default": "/etc/docker/daemon.json"},
    "crio_drop_in": {"type": "path", "default": "/etc/crio/crio.conf.d/99-nvmock-cdi.conf"},
    "podman_drop_in": {"type": "path", "default": "/etc/containers/containers.conf.d/99-nvmock-cdi.conf"},
}


class Door:
    """The parameters, and the queries to the node.

    :arg module: the AnsibleModule, or what stands for it.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.params = module.params
        self.directories: list[str] = module.params["cdi_spec_dirs"]
        self.by_name = AUTO not in module.params["names"]
        self.asked = list(RUNTIMES) if not self.by_name else list(dict.fromkeys(module.params["names"]))
        self.given = {name: str(version) for name, version in module.params["versions"].items()}
        self._check()

    def _check(self) -> None:
        for option, names in (("names", self.params["names"]), ("versions", self.given)):
            unknown = [name for name in names if name not in RUNTIMES and (option, names) != ("names", [AUTO])]
            if unknown:
                raise ParameterError(option, ", ".join(unknown), f"made of {', '.join(RUNTIMES)}")
        for name, version in self.given.items():
            if numbers(version) is None:
                raise ParameterError(f"versions.{name}", version, "numbers with dots between them, as in 1.7.24")
        for directory in self.directories:
            if not directory.startswith("/"):
                raise ParameterError("cdi_spec_dirs", directory, "absolute paths")

    def path(self, name: str) -> str:
        """The file of a runtime."""
        return str(self.params[RUNTIMES[name].option])

    def file(self, name: str, path: str) -> ConfigFile:
        """A file of a runtime, with its record."""
        return ConfigFile(path, RUNTIMES[name].language, self.params["state_directory"], self.module.atomic_move, name)

    def ask(self, name: str, *arguments: str) -> Optional[str]:
        """What a runtime's program prints, or ``None`` if it fails or must not be run."""
        if name in self.given:
            return None
        rc, out, _err = self._run(name, *arguments)
        return out if rc == 0 else None

    def _run(self, name: str, *arguments: str) -> tuple[int, str, str]:
        program = self.module.get_bin_path(RUNTIMES[name].program)
        done: tuple[int, str, str] = self.module.run_command([program, *arguments])
        return done

    def versions(self) -> dict[str, str]:
        """The version of each selected runtime that is installed and reports its version."""
        found = {}
        silent, lacking = [], []
        for name in self.asked:
            if name in self.given:
                found[name] = self.given[name]
            elif self.module.get_bin_path(RUNTIMES[name].program) is None:
                lacking.append(name)
            else:
                _rc, out, err = self._run(name, "--version")
                version = find(out) or find(err)
                if version is None:
                    silent.append(name)
                else:
                    found[name] = version
        if self.by_name and lacking:
            raise NvmockError(f"names: {', '.join(lacking)} can't be run: install it, or leave it out")
        if self.by_name and silent:
            raise NvmockError(f"names: {', '.join(silent)} reports no version: set it in 'versions'")
        return found

    def decide(self, name: str, version: str) -> Decision:
        """What a runtime needs."""
        path = self.path(name)
        if name == "containerd":
            return containerd.decide(self.node(version), self.directories)
        text = read_text(path) or ""
        try:
            if name == "docker":
                return docker.decide(version, path, text, self.directories)
            if name == "crio":
                return crio.decide(version, path, text, self.ask("crio", "config"), self.directories)
            return podman.decide(version, path, text, self.directories)
        except NvmockError as error:
            raise _with_path(path, error) from error

    def node(self, version: str) -> containerd.Node:
        """What is known of containerd."""
        path = self.path("containerd")
        dump = self.ask("containerd", "--config", path, "config", "dump")
        below = posixpath.dirname(path) if "containerd" in self.given else "/"
        return containerd.Node(version, path, read_text, names_in, dump, below)

    def check(self, name: str, path: str) -> Optional[Callable[[str], None]]:
        """Return a function by which a runtime checks a new file; ``None`` if it must not be run or can't check files."""
        runtime = RUNTIMES[name]
        if name in self.given or not runtime.check:
            return None

        def check(candidate: str) -> None:
            rc, _out, err = self._run(name, *(candidate if one == "%s" else one for one in runtime.check))
            if rc != 0:
                lines = [line.strip() for line in err.splitlines() if line.strip()]
                command = " ".join([runtime.program, *runtime.check])
                raise NvmockError(
                    f"{path}: not changed, because '{command}' refuses the new file: {(lines or ['?'])[-1]}"
                )

        return check


def _with_path(path: str, error: NvmockError) -> NvmockError:
    message = str(error)
    return error if path in message or message.startswith("cdi_spec_dirs:") else NvmockError(f"{path}: {message}")


def present(door: Door) -> dict[str, Any]:
    """Enable CDI, and return the module's result."""
    found = door.versions()
    old = {name: one for name, one in found.items() if not at_least(one, RUNTIMES[name].minimum)}
    words = {
        name: f"{name} {one} does not support CDI ({RUNTIMES[name].minimum} or newer does)" for name, one in old.items()
    }
    if door.by_name and old:
        raise NvmockError(f"names: {', '.join(words.values())}")
    # All is decided before anything is written.
    decisions = {name: door.decide(name, version) for name, version in found.items() if name not in old}
    files = {name: door.file(name, one.path) for name, one in decisions.items() if one.path}
    edits = {name: file.present(list(decisions[name].settings)) for name, file in files.items()}
    if not door.module.check_mode:
        written: list[ConfigFile] = []
        try:
            for name, file in files.items():
                written.append(file)
                file.write(list(decisions[name].settings), door.check(name, file.path))
                if name == "containerd" and door.params["verify"]:
                    _verify(door, found[name], file.path)
        except (NvmockError, OSError):
            for file in reversed(written):
                file.undo()
            raise
    runtimes = {}
    for name, version in found.items():
        edit = [edits[name]] if name in edits and edits[name].changed else []
        reason = f"{words[name]}: not changed" if name in old else decisions[name].reason
        runtimes[name] = _outcome(version, edit, reason)
    return _result(door, runtimes, list(edits.values()))


def _verify(door: Door, version: str, path: str) -> None:
    """Check that what was written takes effect in containerd."""
    if not containerd.is_good(door.node(version), door.directories):
        raise NvmockError(
            f"{path}: restored, because 'containerd config dump' does not show CDI enabled for {', '.join(door.directories)} after the "
            "change: check the files named in 'imports'"
        )


def absent(door: Door) -> dict[str, Any]:
    """Restore all files, and return the module's result."""
    runtimes, all_edits = {}, []
    for name in RUNTIMES:
        paths = dict.fromkeys([door.path(name), *changed_paths(door.params["state_directory"], name)])
        edits = []
        for path in paths:
            file = door.file(name, path)
            edit = file.absent() if door.module.check_mode else file.remove()
            if edit.changed:
                edits.append(edit)
        if edits:
            runtimes[name] = _outcome("", edits, f"{', '.join(one.path for one in edits)}: restored")
            all_edits += edits
    return _result(door, runtimes, all_edits)


def _outcome(version: str, edits: list[Edit], reason: str) -> dict[str, Any]:
    return {
        "version": version,
        "changed": bool(edits),
        "paths": [one.path for one in edits],
        "changed_keys": [key for one in edits for key in one.keys],
        "reason": reason,
    }


def _result(door: Door, runtimes: dict[str, Any], edits: list[Edit]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": any(one["changed"] for one in runtimes.values()),
        "runtimes": runtimes,
        "reasons": [one["reason"] for one in runtimes.values()],
    }
    shown = [one.diff() for one in edits if one.before != one.after]
    if door.module._diff and shown:
        result["diff"] = shown
    return result


def run(module: Any) -> None:
    """Enable CDI or restore the files, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it.
    """
    result: dict[str, Any] = {}
    with OneLine(module):
        door = Door(module)
        try:
            result = present(door) if module.params["state"] == "present" else absent(door)
        except OSError as error:
            module.fail_json(msg=f"{error.filename or module.params['state_directory']}: {error.strerror}")
    module.exit_json(**result)
