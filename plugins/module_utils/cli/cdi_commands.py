# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""``gpu-mockctl cdi``: generate, list, transform root and validate, with nvidia-ctk's flags where it has them."""

from __future__ import annotations

import os

from ..cdi.read import load, parse
from ..cdi.registry import EXTENSIONS, load_registry
from ..cdi.serialize import FORMATS, JSON, YAML, serialize
from ..cdi.validate import problems
from ..errors import ParameterError, SpecError
from ..host.view import HostView
from ..nvcdi.locators import Locators
from ..nvcdi.options import DEFAULT_HOOK_PATH, CdiOptions
from ..nvcdi.releases import release
from ..nvcdi.transform import RootTransform
from .cdi_flags import parse_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from typing import TextIO

    from ..machine.model import Machine

_HOOK_NAME = "nvidia-cdi-hook"


class Terminal:
    """What a command talks to.

    :arg stdin: gives the content of standard input.
    :arg machine_from: makes the machine of the arguments that belong to no flag of ``generate``.
    :arg machine_help: what ``generate --help`` says about these.
    :arg view_of: the node as ``generate`` sees it: (machine, host root, dev root).
    :arg save: writes a file below a host root: (host root, path on the node, content).
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        stdin: Callable[[], bytes],
        machine_from: Callable[[list[str]], Machine],
        machine_help: str,
        view_of: Callable[[Machine, str, str], HostView],
        save: Callable[[str, str, bytes], None],
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.stdin = stdin
        self.machine_from = machine_from
        self.machine_help = machine_help
        self.view_of = view_of
        self.save = save

    def say(self, line: str) -> None:
        self.stderr.write(line + "\n")


def run(argv: list[str], terminal: Terminal) -> int:
    """Run ``gpu-mockctl cdi`` with the arguments behind ``cdi``.

    :returns: the exit status: 0; 1 if a specification is not valid.
    :raises UsageError: the command line can't be understood.
    :raises NvmockError: it can't be done.
    """
    arguments, rest = parse_arguments(argv)
    if arguments.help:
        terminal.stdout.write(arguments.help + (terminal.machine_help if arguments.command == "generate" else ""))
        return 0
    return int(_COMMANDS[arguments.command](arguments, rest, terminal))


# -- generate -----------------------------------------------------------------------------------------------------


def _generate(arguments: Namespace, rest: list[str], terminal: Terminal) -> int:
    from ..nvcdi.generate import generate_all

    if "all" in arguments.enable_hook:
        raise ParameterError("--enable-hook", "all", "names of hooks")
    arguments.format = arguments.format.lower()
    arguments.mode = arguments.mode.lower()
    if arguments.format not in FORMATS:
        raise ParameterError("--format", arguments.format, "one of " + ", ".join(FORMATS))
    machine = terminal.machine_from(rest)
    view = terminal.view_of(machine, arguments.host_root, arguments.dev_root or arguments.driver_root or "/")
    specs = generate_all(machine, view, _options(arguments, view))
    output_format = _format(arguments.output, arguments.format, terminal)
    for infix, spec in specs:
        terminal.say(f"Generated CDI spec with version {spec['cdiVersion']}")
        content = serialize(spec, release(arguments.toolkit_release).sorted_yaml, output_format)
        _write(arguments, _output_name(arguments.output, infix, output_format), content, terminal)
    return 0


def _options(arguments: Namespace, view: HostView) -> CdiOptions:
    return CdiOptions(
        mode=arguments.mode,
        driver_root=arguments.driver_root,
        dev_root=arguments.dev_root,
        nvidia_cdi_hook_path=_hook_path(arguments.nvidia_cdi_hook_path, view),
        ldconfig_path=arguments.ldconfig_path,
        vendor=arguments.vendor,
        cdi_class=arguments.cdi_class,
        device_name_strategies=tuple(arguments.device_name_strategy),
        device_ids=tuple(arguments.device_id),
        all_device=not arguments.no_all_device,
        disabled_hooks=tuple(arguments.disable_hook),
        enabled_hooks=tuple(arguments.enable_hook),
        feature_flags=tuple(arguments.feature_flag),
        library_search_paths=tuple(arguments.library_search_path),
        config_search_paths=tuple(arguments.config_search_path),
        toolkit_release=arguments.toolkit_release,
        hook_mode=arguments.hook_mode,
        search_path=os.environ.get("PATH", ""),
        data_dirs=os.environ.get("XDG_DATA_DIRS", ""),
        kernel_release=os.uname().release,
        architecture=os.uname().machine,
    )


def _hook_path(given: str, view: HostView) -> str:
    """The path as given if it is one; else the program is looked for, as nvidia-ctk does."""
    if given.startswith("/"):
        return given
    found = Locators(view, "/", os.environ.get("PATH", "")).executable(given or _HOOK_NAME)
    return found[0] if found else DEFAULT_HOOK_PATH


def _format(output: str, asked: str, terminal: Terminal) -> str:
    extension = output.rpartition(".")[2].lower() if "." in output.rpartition("/")[2] else ""
    implied = {"json": JSON, "yaml": YAML, "yml": YAML}.get(extension, "")
    if implied and implied != asked:
        if asked != YAML:
            terminal.say(f'Requested output format "{asked}" does not match the file name: writing "{implied}"')
        return implied
    return asked


def _output_name(output: str, infix: str, output_format: str) -> str:
    if not output:
        return ""
    from ..nvcdi.generate import with_infix

    name = with_infix(output, infix)
    return name if name.endswith(EXTENSIONS) else f"{name}.{output_format}"


def _write(arguments: Namespace, output: str, content: bytes, terminal: Terminal) -> None:
    if not output:
        terminal.stdout.write(content.decode("utf-8", "surrogateescape"))
    else:
        terminal.save(arguments.host_root, os.path.abspath(output), content)


# -- list, transform root, validate -------------------------------------------------------------------------------


def _list(arguments: Namespace, _rest: list[str], terminal: Terminal) -> int:
    registry = load_registry(HostView(arguments.host_root), arguments.spec_dir)
    for error in registry.errors:
        terminal.say(f"gpu-mockctl: {error}")
    for name, paths in sorted(registry.shadowed.items()):
        terminal.say(f'device "{name}" of {", ".join(paths)} is hidden by {registry.devices.get(name, "a conflict")}')
    terminal.say(f"Found {len(registry.devices)} CDI devices")
    for name in registry.names:
        terminal.stdout.write(name + "\n")
    return 0


def _transform_root(arguments: Namespace, _rest: list[str], terminal: Terminal) -> int:
    transform = RootTransform(arguments.old_root, arguments.to, arguments.relative_to, arguments.toolkit_release)
    name = arguments.input
    if name in ("", "-"):
        name, content = "standard input", terminal.stdin()
    else:
        content = _read(HostView(arguments.host_root), name)
    spec = transform(parse(name, content))
    output_format = _format(arguments.output, YAML, terminal)
    content = serialize(spec, release(arguments.toolkit_release).sorted_yaml, output_format)
    _write(arguments, _output_name(arguments.output, "", output_format), content, terminal)
    return 0


def _validate(arguments: Namespace, _rest: list[str], terminal: Terminal) -> int:
    view = HostView(arguments.host_root)
    status = 0
    if not arguments.files:
        registry = load_registry(view, arguments.spec_dir)
        for error in registry.errors:
            terminal.stdout.write(error + "\n")
        terminal.say(f"{len(registry.specs)} specifications, {len(registry.devices)} devices")
        return 1 if registry.errors else 0
    for name in arguments.files:
        try:
            found = problems(load(name, _read(view, name)))
        except SpecError as error:
            found, name = [str(error)], ""
        for problem in found:
            terminal.stdout.write(f"{name}: {problem}\n" if name else f"{problem}\n")
            status = 1
    return status


def _read(view: HostView, name: str) -> bytes:
    content = view.read_bytes(os.path.abspath(name))
    if content is None:
        raise SpecError(f"{name}: can't be read: no such file, or not a file")
    return content


_COMMANDS = {"generate": _generate, "list": _list, "transform root": _transform_root, "validate": _validate}
