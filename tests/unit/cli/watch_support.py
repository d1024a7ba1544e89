# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A gpu-mockctl watch that runs beside the test."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from test_command_line import CLI


class Watch:
    """A running gpu-mockctl watch on a host root of its own."""

    def __init__(self, place, *arguments):
        self.root = place / "node"
        self.root.mkdir(exist_ok=True)
        self.alive, self.ready = place / "alive", place / "ready"
        flags = ["--host-root", str(self.root), "--device-files", "auto", "--alive", str(self.alive)]
        flags += ["--ready", str(self.ready), "--uuid-seed", "a"]
        interval = [] if "--interval" in arguments else ["--interval", "0.1"]
        command = [sys.executable, "-I", "-S", CLI, "watch", *flags, *interval, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=20)
        return out, errors
