# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl: its subcommands, and how errors are reported."""

from __future__ import annotations

import sys

from ..errors import NvmockError, ParameterError, UsageError

USAGE_STATUS = 2
FAILURE_STATUS = 1
# Flags that have another name than the parameter.
_FLAGS = {"machine_definition": "--machine-file", "path": "--cdi-output"}


def main(argv: list[str]) -> int:
    """Run gpu-mockctl; return its exit status: 0, 1 for a failure, 2 for an invalid command line.

    The output is written when this returns.
    """
    try:
        status = _dispatch(argv)
        sys.stdout.flush()
        return status
    except UsageError as error:
        return _fail(str(error), USAGE_STATUS)
    except ParameterError as error:
        return _fail(str(ParameterError(_flag(error.name), error.value, error.allowed, error.place)), USAGE_STATUS)
    except NvmockError as error:
        return _fail(str(error), FAILURE_STATUS)
    except KeyboardInterrupt:
        return _fail("interrupted: run the same command again to complete it", 130)
    except BrokenPipeError:
        return FAILURE_STATUS
    except OSError as error:
        return _fail(f"{error.filename or 'standard output'}: {error.strerror}", FAILURE_STATUS)
    except Exception as error:  # a bug, or data of a kind that nobody expected
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return _fail(f"unexpected error: {words}", FAILURE_STATUS)


def _dispatch(argv: list[str]) -> int:
    command = argv[0] if argv and not argv[0].startswith("-") else ""
    if command == "cdi":
        from .cdi_command import run as run_cdi

        return run_cdi(argv[1:])
    if command == "verify":
        from .verify_command import run as run_verify

        return run_verify(argv[1:])
    if command == "machines":
        from .machines_command import run as run_machines

        return run_machines(argv[1:])
    if command == "fault":
        from .fault_command import run as run_fault

        return run_fault(argv[1:])
    if command == "state":
        from .state_command import run as run_state

        return run_state(argv[1:])
    if command == "watch":
        from .watch_command import run as run_watch

        return run_watch(argv[1:])
    if command == "help":
        argv = ["--help"]
    elif command:
        raise UsageError(
            f"unknown command {command!r}: must be one of cdi, fault, machines, state, verify, watch, or only flags"
        )
    from .node_command import run

    return run(argv)


def _flag(name: str) -> str:
    """The flag of a parameter; what is a fact in a machine definition, or a flag already, stays as it is."""
    if "." in name or name.startswith("-"):
        return name
    from ..node.spec_options import ROWS  # only a message needs it

    flags = {**{row.name: row.flags[0] for row in ROWS}, **_FLAGS}
    return flags.get(name) or "--" + name.replace("_", "-")


def _fail(message: str, status: int) -> int:
    line = message.replace("\n", "\\n").replace("\r", "\\r")  # a path may have one in it
    try:
        sys.stderr.write(f"gpu-mockctl: {line}\n")
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens; the status tells it
    return status
