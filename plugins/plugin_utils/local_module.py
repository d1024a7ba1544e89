# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A module that runs without what Ansible does to run a module, where that gives the same result.

To run a module, Ansible packs it, starts Python, and compiles the module's files, which takes many times as long as what the module
does. For a host with a local connection, the module runs in the process that Ansible has for the task. To another host, its code goes
as `sent_module` describes. The module runs as usual if a task needs anything that only that can give it: another user, an environment,
no end to wait for, an interpreter that is not known, paths that the host has to complete, or a change that needs more of an AnsibleModule.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Callable

from ansible import constants
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase

from ansible_collections.nvmock.gpu.plugins.module_utils.module.stand_in import Left, StandIn
from ansible_collections.nvmock.gpu.plugins.plugin_utils import sent_module

_LOCAL = ("local", "ansible.builtin.local", "ansible.legacy.local")


class LocalModule(ActionBase):  # type: ignore[misc]
    """The action of a module.

    :cvar NAME: the module's.
    :cvar ARGUMENT_SPEC: its arguments.
    :cvar FOR_NODES: whether it can be sent to a node, because it needs nothing there but Python.
    :cvar LOOKS_FIRST: whether it needs more of an AnsibleModule than there is, but not in check mode. If that says that nothing would
        change, the module has nothing else to do.
    :cvar run_module: what it does with an AnsibleModule.
    """

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    NAME: str
    ARGUMENT_SPEC: dict[str, Any]
    FOR_NODES = False
    LOOKS_FIRST = False
    run_module: Callable[[Any], None]

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        done = self._quickly(task_vars or {})
        if done is None or (self.LOOKS_FIRST and done.get("changed") and not self._task.check_mode):
            done = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
        result.update(done)
        return result

    def _quickly(self, task_vars: dict[str, Any]) -> dict[str, Any] | None:
        """Return the result, or ``None`` if the module has to run as usual."""
        named = task_vars.get("ansible_python_interpreter")
        if named is None or self._task.async_val or any(self._task.environment or ()) or self._play_context.become:
            return None
        interpreter = self._templar.template(named)
        is_here = self._connection.transport in _LOCAL or self._connection.ansible_name in _LOCAL
        if interpreter != sys.executable if is_here else not self._can_be_sent(interpreter):
            return None
        check_mode = self._task.check_mode or self.LOOKS_FIRST
        try:
            params = checked(self.NAME, self.ARGUMENT_SPEC, _plain(self._task.args))
            if not is_here:
                return self._on_node(interpreter, params, check_mode)
            type(self).run_module(StandIn(params, check_mode, self._task.diff))
        except Left as left:
            result: dict[str, Any] = left.result
            return result
        return None

    def _can_be_sent(self, interpreter: str) -> bool:
        # A path is completed where it is used, by the variables and the home directory there. The interpreter of a host to which the task
        # is delegated is among other variables.
        return (
            self.FOR_NODES
            and not self._task.delegate_to
            and interpreter.startswith("/")
            and not any(sign in json.dumps(_plain(self._task.args)) for sign in "~$")
            and self._is_pipelining_enabled("new")
        )

    def _on_node(self, interpreter: str, params: dict[str, Any], check_mode: bool) -> dict[str, Any] | None:
        core = type(self).run_module.__module__
        message = sent_module.message(constants.DEFAULT_LOCAL_TMP, core, params, check_mode, self._task.diff)
        done = self._low_level_execute_command(sent_module.command(interpreter), sudoable=False, in_data=message)
        answer: dict[str, Any] | None = sent_module.answer(done["stdout"])
        return answer


def checked(name: str, argument_spec: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments as a module gets them.

    :raises Left: one is not allowed. The messages are those of AnsibleModule.
    """
    found = ModuleArgumentSpecValidator(argument_spec).validate(arguments)
    params: dict[str, Any] = found.validated_parameters
    if found.error_messages:
        message = found.errors.msg
        if isinstance(found.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({name}) module: {message}"
        raise Left({"failed": True, "msg": message, "invocation": {"module_args": params}})
    return params


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
