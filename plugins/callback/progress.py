# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The callback progress: one line for each phase of the collection's playbooks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: stdout
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: One line for each phase, then the summary
description:
  - Shows one line for each phase of the collection's playbooks, with how long it took and what it waited for. On a terminal, the line
    changes while the phase runs.
  - Shows the messages of tasks, such as the summary. A failure is shown in three lines, with what to do.
  - With C(-v) or C(--diff), it shows every task, like the callback P(ansible.builtin.default#callback).
  - C(make) uses it. Elsewhere, set C(ANSIBLE_STDOUT_CALLBACK=nvmock.gpu.progress).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
"""

import os
import sys
import threading
import time

from ansible import context
from ansible.plugins.callback.default import CallbackModule as Default

from ansible_collections.nvmock.gpu.plugins.plugin_utils import progress

_PHASE = "gpu_mock_phase"
# A block whose messages are only shown with -v.
_QUIET = "gpu_mock_quiet"
_DEBUG = ("debug", "ansible.builtin.debug", "ansible.legacy.debug")
_SECOND = 1.0


class CallbackModule(Default):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "nvmock.gpu.progress"

    def __init__(self):
        super().__init__()
        self._tasks = self._display.verbosity > 0 or bool(context.CLIARGS.get("diff"))
        width = (os.get_terminal_size(1).columns or progress.WIDTH) if os.isatty(1) else None
        self._phases = progress.Phases(_write, time.monotonic, width)
        self._phase = ""
        self._task = ""
        self._failures = []
        self._done = threading.Event()
        if not self._tasks:
            threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while not self._done.wait(_SECOND):
            self._phases.tick()

    def v2_playbook_on_start(self, playbook):
        if self._tasks:
            super().v2_playbook_on_start(playbook)

    def v2_playbook_on_play_start(self, play):
        self._play = play
        if self._tasks:
            super().v2_playbook_on_play_start(play)

    def v2_playbook_on_task_start(self, task, is_conditional):
        if self._tasks:
            super().v2_playbook_on_task_start(task, is_conditional)
            return
        self._phase = str({**self._play.get_vars(), **task.get_vars()}.get(_PHASE, self._play.get_name()))
        self._task = task.get_name()
        self._phases.task(self._phase, self._task)

    def v2_playbook_on_cleanup_task_start(self, task):
        if self._tasks:
            super().v2_playbook_on_cleanup_task_start(task)

    def v2_playbook_on_handler_task_start(self, task):
        if self._tasks:
            super().v2_playbook_on_handler_task_start(task)
        else:
            self._task = task.get_name()
            self._phases.task(self._phase, self._task)

    def v2_runner_on_start(self, host, task):
        if self._tasks:
            super().v2_runner_on_start(host, task)

    def v2_runner_on_ok(self, result):
        if self._tasks:
            super().v2_runner_on_ok(result)
            return
        self._phases.ran()
        facts, task = _result(result), _task(result)
        if facts.get("warnings") or facts.get("deprecations"):
            self._phases.make_room()
        self._handle_warnings(facts)
        if task.action in _DEBUG and not task.loop and not self._is_quiet(task):
            self._say(progress.message(facts))

    def v2_runner_item_on_ok(self, result):
        if self._tasks:
            super().v2_runner_item_on_ok(result)
            return
        task = _task(result)
        if task.action in _DEBUG and not self._is_quiet(task):
            self._say(progress.message(_result(result)))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if self._tasks:
            super().v2_runner_on_failed(result, ignore_errors)
            return
        if ignore_errors or _is_rescued(_task(result)):
            return
        self._fail(result)

    def v2_runner_on_unreachable(self, result):
        if self._tasks:
            super().v2_runner_on_unreachable(result)
        elif not _task(result).ignore_unreachable:
            self._fail(result)

    def v2_runner_on_skipped(self, result):
        if self._tasks:
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_failed(self, result):
        if self._tasks:
            super().v2_runner_item_on_failed(result)

    def v2_runner_item_on_skipped(self, result):
        if self._tasks:
            super().v2_runner_item_on_skipped(result)

    def v2_runner_retry(self, result):
        if self._tasks:
            super().v2_runner_retry(result)

    def v2_playbook_on_include(self, included_file):
        if self._tasks:
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_notify(self, handler, host):
        if self._tasks:
            super().v2_playbook_on_notify(handler, host)

    def v2_playbook_on_no_hosts_matched(self):
        if self._tasks:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self):
        if self._tasks:
            super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_stats(self, stats):
        self._done.set()
        if self._tasks:
            super().v2_playbook_on_stats(stats)
            return
        self._phases.end(failed=bool(self._failures))
        if len(self._failures) > 1:
            self._say([f"It also failed on {', '.join(self._failures[1:])}."])
        if not self._failures:
            changed = {host: stats.summarize(host)["changed"] for host in sorted(stats.processed)}
            self._say([progress.closing(self._phases.seconds, changed)])

    def _is_quiet(self, task):
        return task.get_vars().get(_QUIET, False)

    def _say(self, lines):
        self._phases.say([part for line in lines for part in progress.wrapped(line)])

    def _fail(self, result):
        self._phases.ran()
        self._failures.append(_host(result))
        if len(self._failures) == 1:
            self._phases.end()
            reason = progress.reason_of(_result(result))
            self._phases.say(
                progress.failure(self._phase, self._phases.seconds, _host(result), _task(result).get_name(), reason)
            )


def _write(text):
    # The ticker must not hold a lock of sys.stdout when Ansible forks.
    sys.stdout.flush()
    os.write(1, text.encode("utf-8", "replace"))


# ansible-core 2.19 made these names public.
def _result(result):
    return result.result if hasattr(result, "result") else result._result


def _task(result):
    return result.task if hasattr(result, "task") else result._task


def _host(result):
    return (result.host if hasattr(result, "host") else result._host).get_name()


def _is_rescued(task):
    """Whether a failure of the task has a rescue, whose own failure tells more."""
    child, parent = task, task._parent
    while parent is not None:
        if getattr(parent, "rescue", None) and any(one._uuid == child._uuid for one in parent.block):
            return True
        child, parent = parent, parent._parent
    return False
