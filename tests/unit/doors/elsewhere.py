# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks on this machine as if it were another one, by a connection that is not Ansible's own ``local``."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CONNECTION = '''
DOCUMENTATION = """
name: elsewhere
short_description: this machine
description: This machine, and a record of what is run.
options:
  pipelining:
    description: Whether modules are run from standard input.
    type: bool
    default: true
    vars: [{name: ansible_pipelining}]
"""
import os
from ansible.plugins.connection import local


class Connection(local.Connection):
    transport = "elsewhere"

    def exec_command(self, cmd, in_data=None, sudoable=True):
        with open(os.environ["NVMOCK_TEST_RECORD"], "a") as record:
            record.write("sent\\n" if "marshal" in str(cmd) else "as usual\\n")
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
'''


def play(place, tasks):
    """Run tasks, by the name of their result, in the directory *place*.

    Returns the results by these names, and for each command of the connection ``elsewhere`` whether it was ``sent`` or ``as usual``.
    """
    (place / "connections").mkdir()
    (place / "connections" / "elsewhere.py").write_text(CONNECTION)
    done = [{**task, "register": name, "ignore_errors": True} for name, task in tasks.items()]
    told = "{{ {" + ", ".join(f"'{name}': {name}" for name in tasks) + "} | to_json }}"
    done.append({"ansible.builtin.copy": {"content": told, "dest": str(place / "results"), "mode": "0600"}})
    python = {"ansible_python_interpreter": sys.executable}
    whole = {"hosts": "localhost", "gather_facts": False, "vars": python, "tasks": done}
    (place / "play.yml").write_text(yaml.safe_dump([whole]))
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(place / "play.yml")]
    record = place / "record"
    record.touch()
    environment = {
        **os.environ,
        "ANSIBLE_CONNECTION_PLUGINS": str(place / "connections"),
        "NVMOCK_TEST_RECORD": str(record),
    }
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads((place / "results").read_text()), record.read_text().split("\n")[:-1]
