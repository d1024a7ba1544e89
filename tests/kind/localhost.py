#!/usr/bin/env python
# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""An inventory of this machine with the Python that runs the tests, so that an odd PATH does not matter."""

import json
import os
import sys

python = os.environ.get("NVMOCK_TEST_PYTHON", sys.executable)
variables = {"ansible_connection": "local", "ansible_python_interpreter": python}
print(json.dumps({"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": variables}}}))
