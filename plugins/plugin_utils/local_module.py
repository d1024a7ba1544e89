# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A module that runs in the process of Ansible if its host is the machine of Ansible, otherwise as usual.

To run a module, Ansible packs it, starts Python, and compiles the module's files, which takes many times as long as what the module
does. A host with a local connection gives the same result without that. The module runs as usual if a task needs anything that only
a process of its own can give it: another interpreter, another user, an environment, or no end to wait for.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

_LOCAL = ("local", "ansible.builtin.local", "ansible.legacy.local")


class LocalModule(ActionBase):  # type: ignore[misc]
    """The action of a module.

    :cvar NAME: the module's.
    :cvar ARGUMENT_SPEC: its arguments.
    :cvar run_module: what it does with an AnsibleModule.
    """

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    NAME: str
    ARGUMENT_SPEC: dict[str, Any]
    run_module: Callable[[Any], None]

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._runs_here(task_vars or {}):
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
            return result
        module = InProcess(self._task.args, self._task.check_mode, self._task.diff)
        try:
            module.check_arguments(self.NAME, self.ARGUMENT_SPEC)
            type(self).run_module(module)
        except Left as left:
            result.update(left.result)
        return result

    def _runs_here(self, task_vars: dict[str, Any]) -> bool:
        if self._connection.transport not in _LOCAL and self._connection.ansible_name not in _LOCAL:
            return False
        if self._task.async_val or any(self._task.environment or ()) or self._play_context.become:
            return False
        named = task_vars.get("ansible_python_interpreter")
        return named is not None and self._templar.template(named) == sys.executable


class Left(BaseException):
    """The module has come to its end. No error handler of the module catches it.

    :arg result: what it returns.
    """

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class InProcess:
    """What the module uses of an AnsibleModule.

    :arg arguments: the task's.
    """

    def __init__(self, arguments: dict[str, Any], check_mode: bool, diff: bool) -> None:
        self.params: dict[str, Any] = _plain(arguments)
        self.check_mode = check_mode
        self._diff = diff
        self._warnings: list[str] = []

    def check_arguments(self, name: str, argument_spec: dict[str, Any]) -> None:
        """Check the arguments, with the messages of AnsibleModule."""
        checked = ModuleArgumentSpecValidator(argument_spec).validate(self.params)
        self.params = checked.validated_parameters
        if checked.error_messages:
            message = checked.errors.msg
            if isinstance(checked.errors[0], UnsupportedError):
                message = f"Unsupported parameters for ({name}) module: {message}"
            self.fail_json(msg=message)

    def warn(self, text: str) -> None:
        """Have *text* shown as a warning."""
        self._warnings.append(text)

    def exit_json(self, **result: Any) -> None:
        """End the module with success."""
        self._leave({"changed": False, **result})

    def fail_json(self, msg: str, **result: Any) -> None:
        """End the module with a failure."""
        self._leave({**result, "failed": True, "msg": msg})

    def _leave(self, result: dict[str, Any]) -> None:
        if self._warnings:
            result["warnings"] = self._warnings
        raise Left({**result, "invocation": {"module_args": self.params}})


def _plain(value: Any) -> Any:
    """Return *value* without the classes that Ansible has for what it read: the module would get JSON."""
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    for kind in (str, int, float):
        if isinstance(value, kind) and not isinstance(value, bool):
            return kind.__str__(value) if kind is str else kind(value)
    return value
