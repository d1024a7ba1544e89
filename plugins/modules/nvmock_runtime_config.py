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

import hashlib
import json
import os
import shlex
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.runtime_config.settings import Applied, Setting, apply, revert

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


def read(path: str) -> bytes | None:
    """The file's bytes, or ``None`` if there is no file."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def digest(data: bytes | None) -> str:
    """What a record remembers of a file's content."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def decode(data: bytes | None, path: str) -> str:
    """The file's text, with its line ends."""
    try:
        return (data or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise NvmockError(f"{path}: not UTF-8 text") from error


class RuntimeConfig:
    """One configuration file, its original and the record of what was done to it.

    :arg module: the AnsibleModule.
    """

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.path: str = module.params["path"]
        self.target = os.path.realpath(self.path)  # replacing a link would leave what it led to as it was
        self.language: str = module.params["language"]
        self.directory: str = module.params["state_directory"]
        stem = os.path.join(self.directory, self.path.strip("/").replace("%", "%25").replace("/", "%"))
        self.record_path = stem + ".json"
        self.original_path = stem + ".orig"
        self.data = read(self.path)
        self.record = self._read_record()

    def _read_record(self) -> dict[str, Any] | None:
        data = read(self.record_path)
        if data is None:
            return None
        try:
            record: dict[str, Any] = json.loads(data)
            record["applied"] = [Applied(tuple(path), before, after) for path, before, after in record["applied"]]
        except (ValueError, KeyError, TypeError) as error:
            raise NvmockError(f"{self.record_path}: not a record of ours: move it away ({error})") from error
        return record

    def original(self) -> bytes | None:
        """The file as it would be had this module never changed it."""
        if self.record is None:
            return self.data
        original = read(self.original_path) if self.record["existed"] else None
        if self.data is None or self.data == original:
            return self.data
        if digest(self.data) == self.record["written"]:
            return original
        # Somebody else wrote to it after us: keep that, and take back what is ours.
        text = revert(
            decode(self.data, self.path), self.record["language"], self.record["applied"], decode(original, self.path)
        )
        return None if original is None and not text.strip() else text.encode()

    def present(self) -> dict[str, Any]:
        """Make the settings hold."""
        settings = [
            Setting(tuple(one["key"]), one["value"], one["ensure"], tuple(one["default"]))
            for one in self.module.params["settings"] or []
        ]
        before = decode(self.data, self.path)
        after, changes = apply(before, self.language, settings)
        if changes and not self.module.check_mode:
            original = self.original()
            _text, applied = apply(decode(original, self.path), self.language, settings)
            known = {one.path for one in applied}
            applied += [one for one in (self.record or {"applied": []})["applied"] if one.path not in known]
            self._validate(after.encode())
            self._remember(original, after.encode(), applied)
            self._write(after.encode())
        return self._result(before, after if changes else before, [".".join(one.path) for one in changes])

    def absent(self) -> dict[str, Any]:
        """Put the file back as it was."""
        before = decode(self.data, self.path)
        if self.record is None:
            return self._result(before, before, [])
        original = self.original()
        if not self.module.check_mode:
            if original != self.data:
                if original is None:
                    os.unlink(self.target)
                else:
                    self._write(original)
            self._forget()
        keys = [".".join(one.path) for one in self.record["applied"]] if original != self.data else []
        result = self._result(before, decode(original, self.path), keys)
        result["changed"] = True  # if only the record goes, that is a change as well
        return result

    def _remember(self, original: bytes | None, written: bytes, applied: list[Applied]) -> None:
        made = list(self.record["made"]) if self.record else []
        for directory in (self.directory, os.path.dirname(self.target)):
            made += [one for one in self._make(directory) if one not in made]
        if original is not None:
            self._store(self.original_path, original)
        elif os.path.exists(self.original_path):
            os.unlink(self.original_path)
        record = {
            "path": self.path,
            "language": self.language,
            "existed": original is not None,
            "written": digest(written),
            "applied": applied,
            "made": made,
        }
        self._store(self.record_path, json.dumps(record, indent=2).encode() + b"\n")
        self.record = {**record, "applied": applied}

    def _forget(self) -> None:
        for path in (self.original_path, self.record_path):
            if os.path.exists(path):
                os.unlink(path)
        for directory in sorted((self.record or {"made": []})["made"], key=len, reverse=True):
            if os.path.isdir(directory) and not os.listdir(directory):
                os.rmdir(directory)

    @staticmethod
    def _make(directory: str) -> list[str]:
        made = []
        while directory and not os.path.isdir(directory):
            made.append(directory)
            directory = os.path.dirname(directory)
        for one in reversed(made):
            os.mkdir(one, 0o755)
            os.chmod(one, 0o755)
        return made

    def _store(self, path: str, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".nvmock-")
        self.module.add_cleanup_file(temporary)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)

    def _validate(self, data: bytes) -> None:
        check = self.module.params["validate"]
        if not check:
            return
        place = os.path.dirname(self.target)
        # No suffix: a program that reads *.toml there must not take it for one more file.
        with tempfile.NamedTemporaryFile(prefix=".nvmock-", dir=place if os.path.isdir(place) else None) as stream:
            stream.write(data)
            stream.flush()
            rc, _out, err = self.module.run_command(shlex.split(check.replace("%s", shlex.quote(stream.name))))
        if rc != 0:
            lines = [line.strip() for line in err.splitlines() if line.strip()]
            raise NvmockError(f"{self.path}: not changed, as '{check}' refuses the new file: {(lines or ['?'])[-1]}")

    def _write(self, data: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(self.target), prefix=".nvmock-")
        self.module.add_cleanup_file(temporary)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        self.module.atomic_move(temporary, self.target)  # keeps owner and mode of a file that is there

    def _result(self, before: str, after: str, keys: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = {"changed": before != after, "path": self.path, "changed_keys": keys}
        if self.module._diff and before != after:
            result["diff"] = {"before_header": self.path, "after_header": self.path, "before": before, "after": after}
        return result


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, required_if=[("state", "present", ["settings"])]
    )
    try:
        config = RuntimeConfig(module)
        result = config.present() if module.params["state"] == "present" else config.absent()
    except NvmockError as error:
        message = str(error)
        path = module.params["path"]
        module.fail_json(msg=message if path in message else f"{path}: {message}")
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['path']}: {error.strerror}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
