# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Errors of the Ansible modules, in one line."""

from __future__ import annotations

from ..errors import NvmockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class OneLine:
    """A context in which every error ends the module with one line.

    :arg module: the AnsibleModule.
    """

    def __init__(self, module: Any) -> None:
        self._module = module

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, NvmockError):
            self._module.fail_json(msg=str(error))
        if isinstance(error, Exception):  # a bug, or data of a kind that nobody expected
            self._module.fail_json(msg="unexpected error: " + " ".join(f"{type(error).__name__}: {error}".split()))
