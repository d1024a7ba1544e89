# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl machines import: a machine definition from what nvidia-smi printed on a real machine."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from ..errors import HostError, UsageError
from ..machine.capture import NOTHING_READ, read_captures
from ..machine.imported import definition_of
from .flags import SWITCH, TEXT, Flag, help_text, parse

_MOST_CHARACTERS = 1 << 24
_AFTER = """FILE is the output of `nvidia-smi -q -x` or `nvidia-smi -q`, or a file with titled sections of several commands, of which
the idle one is taken. Further files can have `nvidia-smi topo -m`, `nvidia-smi nvlink -s`, and a query of compute_cap in CSV format,
of the same machine. --machine-file and gpu_node_machine_definition take the definition."""


def read_text(path: str) -> str:
    """Return the content of a capture.

    :raises UsageError: it can't be read, is no text or too large.
    """
    try:
        with open(path, encoding="utf-8-sig") as handle:
            text = handle.read(_MOST_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: {NOTHING_READ}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not the path of a file"
        raise UsageError(f"{path}: {reason}") from None
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"{path}: larger than {_MOST_CHARACTERS} characters")
    return text


def run(argv: list[str]) -> int:
    """Print the definition, or write it to the file of --output. Nothing is written if the input is not understood."""
    flags = [
        Flag("output", TEXT, None, "write the definition to this file; JSON if its name ends with .json"),
        Flag("keep-identity", SWITCH, False, "keep UUIDs and serial numbers"),
    ]
    files, words = _split(argv)
    values = parse(flags, words)
    if values is None:
        about = "Makes a machine definition of what nvidia-smi printed on a real machine."
        sys.stdout.write(help_text("gpu-mockctl machines import [flags] FILE...", about, flags, _AFTER))
        return 0
    if not files:
        raise UsageError("machines import: no FILE is given (see --help)")
    facts, notes = definition_of(read_captures({path: read_text(path) for path in files}), values.on("keep-identity"))
    target = values.optional("output")
    if target is None:
        sys.stdout.write(_yaml(facts, notes))
        return 0
    _write(target, _json(facts) if target.endswith(".json") else _yaml(facts, notes))
    for note in notes:
        sys.stderr.write(f"gpu-mockctl: {note}\n")
    return 0


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return the files and the words of the flags."""
    files: list[str] = []
    words: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            words.append(word)
            if word.lstrip("-") == "output" and rest:
                words.append(rest.pop(0))
        else:
            files.append(word)
    return files, words


def _json(facts: dict[str, object]) -> str:
    import json

    return json.dumps(facts, indent=2) + "\n"


def _yaml(facts: dict[str, object], notes: list[str]) -> str:
    """JSON values are YAML, so PyYAML is not needed."""
    import json

    lines = [f"# {note}" for note in ["machine definition from the output of nvidia-smi", *notes]]
    for key, value in facts.items():
        if isinstance(value, dict) and value:
            lines.append(f"{key}:")
            lines += [f"  {name}: {json.dumps(one)}" for name, one in value.items()]
        elif isinstance(value, list) and value and isinstance(value[0], (list, dict)):
            lines.append(f"{key}:")
            lines += [f"  - {json.dumps(one)}" for one in value]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def _write(path: str, text: str) -> None:
    """Write a file that another program sees whole or not at all.

    :raises HostError: it can't be written.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "x", encoding="ascii") as handle:
            handle.write(text)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            os.unlink(temporary)
        reason = error.strerror if isinstance(error, OSError) else "not the path of a file"
        raise HostError(f"{path}: {reason}") from None
