# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""``gpu-mockctl cdi``: generate, list, transform root and validate, with nvidia-ctk's flags where it has them."""

from __future__ import annotations

import os
import sys

from ..cdi.read import load, parse
from ..cdi.registry import DEFAULT_DIRECTORIES, EXTENSIONS, load_registry
from ..cdi.serialize import FORMATS, JSON, YAML, serialize
from ..cdi.validate import problems
from ..errors import HostError, ParameterError, SpecError, UsageError
from ..host.converge import converge
from ..host.entries import directory, file
from ..host.manifest import read_manifest
from ..host.put import put
from ..host.root import HostRoot
from ..host.view import HostView, clean
from ..machine.file import PATH as MACHINE_FILE
from ..machine.file import read_machine_file
from ..machine.model import Machine
from ..native import CDI_HOOK
from ..node import DEFAULT_DRIVER_ROOT, DEFAULT_TOOLKIT_ROOT, cdi_spec, components
from ..nvcdi.locators import Locators
from ..nvcdi.options import options_from
from ..nvcdi.releases import release
from ..nvcdi.transform import RootTransform
from .cdi_flags import parse_arguments
from .flags import Values, help_text
from .flags import parse as parse_flags
from .machine_flags import machine_flags, machine_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

# The directories in which runtimes read specifications. Files in them are managed, and removed when the mock is removed.
_SPEC_DIRECTORIES = (*DEFAULT_DIRECTORIES, "/run/cdi")


def run(argv: list[str]) -> int:
    """Run ``gpu-mockctl cdi`` with the arguments after ``cdi``.

    :returns: the exit status: 0; 1 if a specification is not valid.
    :raises UsageError: the command line is invalid.
    :raises NvmockError: the command failed.
    """
    arguments, rest = parse_arguments(argv)
    if arguments.help:
        sys.stdout.write(arguments.help)
        if arguments.command == "generate":
            sys.stdout.write("\n" + help_text("", "The machine:", machine_flags()).partition("Flags:\n")[2])
        return 0
    return int(_COMMANDS[arguments.command](arguments, rest))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


# -- generate -----------------------------------------------------------------------------------------------------


def _generate(arguments: Namespace, rest: list[str]) -> int:
    if "all" in arguments.enabled_hooks:
        raise ParameterError("--enable-hook", "all", "names of hooks")
    arguments.format = arguments.format.lower()
    arguments.mode = arguments.mode.lower()
    if arguments.format not in FORMATS:
        raise ParameterError("--format", arguments.format, "one of " + ", ".join(FORMATS))
    options = options_from(vars(arguments))
    described = _described_machine(rest)
    with HostRoot(os.path.abspath(arguments.host_root)) as root:
        machine = described or _machine_of_the_node(root, options.driver_root) or machine_from(_machine_values([]))
        view = cdi_spec.node_view(machine, root, clean(options.dev_root))
        options = options.but(hook_path=_hook_path(options.hook_path, root, view))
        specs = cdi_spec.generate(machine, view, options)
    output_format = _format(arguments.output, arguments.format)
    for infix, spec in specs:
        _say(f"Generated CDI spec with version {spec['cdiVersion']}")
        content = serialize(spec, release(options.toolkit_release).sorted_yaml, output_format)
        _write(arguments, _output_name(arguments.output, infix, output_format), content)
    return 0


def _described_machine(argv: list[str]) -> Machine | None:
    """The machine that the command line (or MACHINE_TYPE) describes; None if it says nothing of one."""
    return machine_from(_machine_values(argv)) if argv or os.environ.get("MACHINE_TYPE") else None


def _machine_values(argv: list[str]) -> Values:
    values = parse_flags(machine_flags(), argv)
    if values is None:  # the command has taken --help; this was a -help of Go's manner
        raise UsageError("cdi generate: use --help for the flags")
    return values


def _machine_of_the_node(root: HostRoot, driver_root: str) -> Machine | None:
    """The machine that the node is a mock of, by the machine file of its driver installation."""
    for place in (driver_root, DEFAULT_DRIVER_ROOT):
        path = clean(f"{place}/{MACHINE_FILE}")
        content = HostView(root.path).read_bytes(path)
        if content is not None:
            return read_machine_file(content, path)
    return None


def _hook_path(given: str, root: HostRoot, view: HostView) -> str:
    """Return the given path. A name is looked up, as nvidia-ctk does, and also where this collection installs the program."""
    if given.startswith("/"):
        return given
    found = Locators(view, "/", os.environ.get("PATH", "")).executable(given or CDI_HOOK)
    if found:
        return found[0]
    return "" if given else cdi_spec.find_hook(root, read_manifest(root), DEFAULT_TOOLKIT_ROOT)


def _format(output: str, asked: str) -> str:
    extension = output.rpartition(".")[2].lower() if "." in output.rpartition("/")[2] else ""
    implied = {"json": JSON, "yaml": YAML, "yml": YAML}.get(extension, "")
    if implied and implied != asked:
        if asked != YAML:
            _say(f'Requested output format "{asked}" does not match the file name: writing "{implied}"')
        return implied
    return asked


def _output_name(output: str, infix: str, output_format: str) -> str:
    if not output:
        return ""
    from ..nvcdi.generate import with_infix

    name = with_infix(output, infix)
    return name if name.endswith(EXTENSIONS) else f"{name}.{output_format}"


def _write(arguments: Namespace, output: str, content: bytes) -> None:
    if not output:
        sys.stdout.write(content.decode("utf-8", "surrogateescape"))
    else:
        _save(arguments.host_root, os.path.abspath(output), content)


def _save(host_root: str, path: str, content: bytes) -> None:
    """Write a file and its parent directories. The file is managed if runtimes read it."""
    with HostRoot(os.path.abspath(host_root)) as root:
        if path.rpartition("/")[0] in _SPEC_DIRECTORIES:
            owner = components.user_or_root()
            converge(root, [components.cdi_spec(path, {path: content}, owner, owner)])
            return
        missing = []
        parent = path.rpartition("/")[0]
        while parent and root.directory(parent) is None:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        try:
            for place in reversed(missing):
                put(root, directory(place))
            put(root, file(path, content))
        except OSError as error:
            raise HostError(f"{path}: can't be written: {error.strerror}") from None


# -- list, transform root, validate -------------------------------------------------------------------------------


def _list(arguments: Namespace, _rest: list[str]) -> int:
    registry = load_registry(HostView(arguments.host_root), arguments.spec_dir)
    for error in registry.errors:
        _say(f"gpu-mockctl: {error}")
    for name, paths in sorted(registry.shadowed.items()):
        _say(f'device "{name}" of {", ".join(paths)} is hidden by {registry.devices.get(name, "a conflict")}')
    _say(f"Found {len(registry.devices)} CDI devices")
    for name in registry.names:
        sys.stdout.write(name + "\n")
    return 0


def _transform_root(arguments: Namespace, _rest: list[str]) -> int:
    transform = RootTransform(arguments.old_root, arguments.to, arguments.relative_to, arguments.toolkit_release)
    name = arguments.input
    if name in ("", "-"):
        name, content = "standard input", sys.stdin.buffer.read()
    else:
        content = _read(HostView(arguments.host_root), name)
    spec = transform(parse(name, content))
    output_format = _format(arguments.output, YAML)
    content = serialize(spec, release(arguments.toolkit_release).sorted_yaml, output_format)
    _write(arguments, _output_name(arguments.output, "", output_format), content)
    return 0


def _validate(arguments: Namespace, _rest: list[str]) -> int:
    view = HostView(arguments.host_root)
    status = 0
    if not arguments.files:
        registry = load_registry(view, arguments.spec_dir)
        for error in registry.errors:
            sys.stdout.write(error + "\n")
        _say(f"{len(registry.specs)} specifications, {len(registry.devices)} devices")
        return 1 if registry.errors else 0
    for name in arguments.files:
        try:
            found = problems(load(name, _read(view, name)))
        except SpecError as error:
            found, name = [str(error)], ""
        for problem in found:
            sys.stdout.write(f"{name}: {problem}\n" if name else f"{problem}\n")
            status = 1
    return status


def _read(view: HostView, name: str) -> bytes:
    content = view.read_bytes(os.path.abspath(name))
    if content is None:
        raise SpecError(f"{name}: can't be read: no such file, or not a file")
    return content


_COMMANDS = {"generate": _generate, "list": _list, "transform root": _transform_root, "validate": _validate}
