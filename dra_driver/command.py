# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mock-dra-driver: flags, signals, exit status."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from device_plugin.api_server import in_cluster
from device_plugin.kubelet_directory import must_be_writable
from nvmock_gpu.errors import NvmockError

from .cluster import ClusterError
from .driver import Driver
from .flags import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run until a signal stops the driver.

    :returns: the exit status: 0 after a signal, 1 if the driver can't work, 2 for bad flags.
    """
    options = parse(arguments)
    try:
        server = in_cluster()
        if server is None:
            raise ClusterError("this is not a pod with a service account, and the API server is needed")
        for name in ("plugins", "plugins_registry"):
            must_be_writable(os.path.join(options.kubelet_directory, name), "--kubelet-directory")
        driver = Driver(options, server)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: driver.stopping.set())
        driver.run()
    except (NvmockError, OSError) as error:
        print(f"gpu-mock-dra-driver: {error}", file=sys.stderr)
        return 1
    return 0
