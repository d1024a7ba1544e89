#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_runtime_config
short_description: Settings in a container runtime's configuration file, which can be taken back
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Makes single settings hold in a TOML or JSON file, such as C(/etc/containerd/config.toml), with the smallest edit. In TOML
    every other byte stays as it was, comments and order included. What holds already is left alone.
  - Keeps the file as it was before the first change, so that O(state=absent) puts it back byte by byte. If somebody else has
    changed the file since, only our settings are taken back.
extends_documentation_fragment:
  - nvmock.gpu.attributes
options:
  path:
    description:
      - The file. It is made if it does not exist and a setting asks for something. A symbolic link stays one; what it leads to is
        changed.
    type: path
    required: true
  state:
    description:
      - Whether the settings should hold, or the file be as it was before this module changed it.
    type: str
    choices: [present, absent]
    default: present
  language:
    description:
      - What the file is written in. JSON that has to be changed is written anew, with its keys in their order.
    type: str
    choices: [toml, json]
    default: toml
  settings:
    description:
      - What should hold. Needed if O(state=present).
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - The key, outermost table first; each element is one part, dots and all.
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
          - V(set) gives the key this value.
          - V(correct) gives it this value if the key is there, and does not add it.
          - V(contain) takes care that the list has the elements of O(settings[].value), and leaves its others.
        type: str
        choices: [set, correct, contain]
        default: set
      default:
        description:
          - The list that the program uses if the key is not there, for O(settings[].ensure=contain).
        type: list
        elements: str
        default: []
  state_directory:
    description:
      - Where the original file and the record of the changes are kept.
    type: path
    default: /var/lib/nvmock-container-runtime
  validate:
    description:
      - A command that checks a new file before it takes the old one's place; C(%s) stands for the new file, which lies in the same
        directory, so that relative paths in it lead to the same files.
    type: str
seealso:
  - name: Container Device Interface
    description: What the settings of the runtimes mean.
    link: https://github.com/cncf-tags/container-device-interface#how-to-configure-cdi
"""

EXAMPLES = r"""
- name: CDI is on in containerd 1.7
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

- name: CDI is on in Docker 25
  nvmock.gpu.nvmock_runtime_config:
    path: /etc/docker/daemon.json
    language: json
    settings:
      - key: [features, cdi]
        value: true

- name: The file is as it was before
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

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
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
    """Do what the parameters say; gives the module's result."""
    params = module.params
    file = ConfigFile(params["path"], params["language"], params["state_directory"], module.atomic_move)
    if params["state"] == "absent":
        edit = file.absent() if module.check_mode else file.remove()
    else:
        settings = [
            Setting(tuple(one["key"]), one["value"], one["ensure"], tuple(one["default"])) for one in params["settings"]
        ]
        edit = file.present(settings) if module.check_mode else file.write(settings, checker(module))
    result: dict[str, Any] = {"changed": edit.changed, "path": edit.path, "changed_keys": edit.keys}
    if module._diff and edit.before != edit.after:
        result["diff"] = edit.diff()
    return result


def checker(module: AnsibleModule) -> Any:
    """What refuses a new file, if the user named a command for that."""
    command = module.params["validate"]

    def check(name: str) -> None:
        rc, _out, err = module.run_command(shlex.split(command.replace("%s", shlex.quote(name))))
        if rc != 0:
            lines = [line.strip() for line in err.splitlines() if line.strip()]
            raise NvmockError(
                f"{module.params['path']}: not changed, as '{command}' refuses the new file: {(lines or ['?'])[-1]}"
            )

    return check if command else None


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=[("state", "present", ["settings"])]
    )
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
