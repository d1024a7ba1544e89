# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Roles in one run of ansible-playbook on this machine.

Starting it takes a second, and each module nearly as long. So what is done between roles is done by lookups, which are no modules.
"""

from __future__ import annotations

import os
import subprocess
import sys

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def role(name, tasks_from="main", **variables):
    """A task that runs the role *name*."""
    include = {"name": f"nvmock.gpu.{name}", "tasks_from": tasks_from}
    return {"ansible.builtin.include_role": include, "vars": variables}


def refused(task, report):
    """A task that has to fail. Its message is written to the file *report*."""
    # Of a loop, the messages of all items.
    results = "ansible_failed_result.results | default([ansible_failed_result])"
    text = f"{{{{ {results} | map(attribute='msg', default='') | join(' ') | b64encode }}}}"
    return {
        "block": [task, {"ansible.builtin.fail": {"msg": "not refused"}}],
        "rescue": [shell(f"echo {text} | base64 -d > {report}")],
    }


def shell(command):
    """A task that runs a shell command."""
    lookup = "{{ lookup('ansible.builtin.pipe', _command) }}"
    return {"ansible.builtin.set_fact": {"_output": lookup}, "vars": {"_command": command}}


def run(place, tasks):
    """Run the tasks; return what was printed.

    :arg place: directory of the playbook.
    """
    playbook = place / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(playbook)),
            *("-e", f"ansible_python_interpreter={sys.executable}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
