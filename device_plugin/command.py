# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mock-device-plugin: flags, signals, exit status."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from nvmock_gpu.errors import NvmockError

from .flags import parse
from .kubelet_directory import must_be_writable
from .node_api import LabelKeeper, in_cluster
from .plugin import Plugin

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run until a signal stops the plugin.

    :returns: the exit status: 0 after a signal, 1 if the plugin can't work, 2 for bad flags.
    """
    options = parse(arguments)
    api = in_cluster(options.node_name)
    keeper = None if api is None or not options.labels else LabelKeeper(api)
    try:
        if options.devices:
            must_be_writable(options.plugin_directory, "--plugin-directory")
        plugin = Plugin(
            options,
            kubelet_version=(lambda: None) if api is None else api.kubelet_version,
            publish=None if keeper is None else keeper.want,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: plugin.stopping.set())
        if keeper is not None:
            keeper.start()
        plugin.run()
    except (NvmockError, OSError) as error:
        print(f"gpu-mock-device-plugin: {error}", file=sys.stderr)
        return 1
    return 0
