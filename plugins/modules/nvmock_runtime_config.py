#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_runtime_config
short_description: Settings in a container runtime's configuration file, which can be reverted
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Sets single keys in a TOML or JSON file, such as C(/etc/containerd/config.toml), with the smallest edit. In TOML, every
    other byte stays the same, including comments and order. Settings that are already correct are not changed.
  - Keeps the file from before the first change, so that O(state=absent) restores it byte by byte. If the file was changed by
    other means since, only the settings of this module are reverted.
extends_documentation_fragment:
  - nvmock.gpu.attributes
options:
  path:
    description:
      - The file. A missing file is created if a setting needs it. If it is a symbolic link, its target is changed.
    type: path
    required: true
  state:
    description:
      - V(present) applies the settings. V(absent) restores the file from before this module changed it.
    type: str
    choices: [present, absent]
    default: present
  language:
    description:
      - Language of the file. A JSON file that has to be changed is rewritten, with its keys in the same order.
    type: str
    choices: [toml, json]
    default: toml
  settings:
    description:
      - The settings. Required if O(state=present).
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - The key, outermost table first. Each element is one part, and may contain dots.
        type: list
        elements: str
        required: true
      value:
        description:
          - The value.
        type: raw
        required: true
      ensure:
        description:
          - V(set) sets the key to this value.
          - V(correct) sets an existing key to this value, and does not add a missing one.
          - V(contain) adds missing elements of O(settings[].value) to the list, and keeps its other elements.
        type: str
        choices: [set, correct, contain]
        default: set
      default:
        description:
          - The list that the program uses if the key is missing, for O(settings[].ensure=contain).
        type: list
        elements: str
        default: []
  state_directory:
    description:
      - Directory of the original file and the record of the changes.
    type: path
    default: /var/lib/nvmock-container-runtime
  validate:
    description:
      - A command that checks the new file before it replaces the old one. C(%s) is replaced by the path of the new file. It is
        in the same directory, so that relative paths in it refer to the same files.
    type: str
seealso:
  - name: Container Device Interface
    description: What the settings of the runtimes mean.
    link: https://github.com/cncf-tags/container-device-interface#how-to-configure-cdi
"""

EXAMPLES = r"""
- name: Enable CDI in containerd 1.7
  nvmock.gpu.nvmock_runtime_config:
    path: /etc/containerd/config.toml
    settings:
      - key: [plugins, io.containerd.grpc.v1.cri, enable_cdi]
        value: true
      - key: [plugins, io.containerd.grpc.v1.cri, cdi_spec_dirs]
        value: [/etc/cdi]
        ensure: contain
        default: [/etc/cdi, /var/run/cdi]
    validate: containerd --config %s config dump
  notify: Restart containerd

- name: Enable CDI in Docker 25
  nvmock.gpu.nvmock_runtime_config:
    path: /etc/docker/daemon.json
    language: json
    settings:
      - key: [features, cdi]
        value: true

- name: Restore the file
  nvmock.gpu.nvmock_runtime_config:
    path: /etc/containerd/config.toml
    state: absent
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/containerd/config.toml
changed_keys:
  description: The keys that were changed, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [plugins.io.containerd.grpc.v1.cri.enable_cdi]
"""

import shlex
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError, ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import Setting
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.store import ConfigFile

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "language": {"type": "str", "choices": ["toml", "json"], "default": "toml"},
    "settings": {
        "type": "list",
        "elements": "dict",
        "options": {
            "key": {"type": "list", "elements": "str", "required": True, "no_log": False},
            "value": {"type": "raw", "required": True},
            "ensure": {"type": "str", "choices": ["set", "correct", "contain"], "default": "set"},
            "default": {"type": "list", "elements": "str", "default": []},
        },
    },
    "state_directory": {"type": "path", "default": "/var/lib/nvmock-container-runtime"},
    "validate": {"type": "str"},
}


def run(module: AnsibleModule) -> dict[str, Any]:
    """Apply or revert the settings, and return the module's result."""
    params = module.params
    file = ConfigFile(params["path"], params["language"], params["state_directory"], module.atomic_move)
    if params["state"] == "absent":
        edit = file.absent() if module.check_mode else file.remove()
    else:
        if params["settings"] is None:  # said so: for Ansible, then it is not missing
            raise ParameterError("settings", None, "a list of settings")
        settings = [
            Setting(tuple(one["key"]), one["value"], one["ensure"], tuple(one["default"])) for one in params["settings"]
        ]
        edit = file.present(settings) if module.check_mode else file.write(settings, checker(module))
    result: dict[str, Any] = {"changed": edit.changed, "path": edit.path, "changed_keys": edit.keys}
    if module._diff and edit.before != edit.after:
        result["diff"] = edit.diff()
    return result


def checker(module: AnsibleModule) -> Any:
    """Return a function that raises an error for a bad new file, or ``None`` without a command for that."""
    command = module.params["validate"]

    def check(name: str) -> None:
        rc, _out, err = module.run_command(shlex.split(command.replace("%s", shlex.quote(name))))
        if rc != 0:
            lines = [line.strip() for line in err.splitlines() if line.strip()]
            raise NvmockError(
                f"{module.params['path']}: not changed, because '{command}' refuses the new file: {(lines or ['?'])[-1]}"
            )

    return check if command else None


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=[("state", "present", ["settings"])]
    )
    with OneLine(module):
        try:
            result = run(module)
        except NvmockError as error:
            message = str(error)
            path = module.params["path"]
            module.fail_json(msg=message if path in message else f"{path}: {message}")
        except OSError as error:
            module.fail_json(msg=f"{error.filename or module.params['path']}: {error.strerror}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
