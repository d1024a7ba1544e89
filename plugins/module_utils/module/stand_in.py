# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What stands for an AnsibleModule where there is none: in a process of Ansible's own, and on a node without Ansible's code."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where AnsibleModule looks for programs in addition.
_MORE_PLACES = ("/sbin", "/usr/sbin", "/usr/local/sbin")


class Left(BaseException):
    """The module has come to its end. No error handler of the module catches it.

    :arg result: what it returns.
    """

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class StandIn:
    """What the modules use of an AnsibleModule.

    :arg params: the checked arguments.
    :arg diff: whether the result has the differences of files.
    """

    def __init__(self, params: dict[str, Any], check_mode: bool, diff: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self._diff = diff
        self._warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Have *text* shown as a warning."""
        self._warnings.append(text)

    def exit_json(self, **result: Any) -> None:
        """End the module with success."""
        self._leave({"changed": False, **result})

    def fail_json(self, msg: str, **result: Any) -> None:
        """End the module with a failure."""
        self._leave({**result, "failed": True, "msg": msg})

    def atomic_move(self, source: str, target: str) -> None:
        """Check mode comes to no move, and only a whole AnsibleModule knows what a file needs that takes the place of another."""
        raise NotImplementedError

    def get_bin_path(self, name: str) -> str | None:
        """Return the path of a program, or ``None`` if there is none."""
        import shutil

        return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *_MORE_PLACES]))

    def run_command(self, arguments: list[str]) -> tuple[int, str, str]:
        """Run a program; return its exit status, its output and its errors."""
        import subprocess

        try:
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as error:
            self.fail_json(msg=f"{arguments[0]} can't be run: {error.strerror}")
            raise
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return done.returncode, out, err

    def _leave(self, result: dict[str, Any]) -> None:
        if self._warnings:
            result["warnings"] = self._warnings
        raise Left({**result, "invocation": {"module_args": self.params}})
