# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# find-python.sh PREFIX: print the path of a Python with json and PyYAML that Ansible and the modules can use, or nothing.
# `sh -c` runs it on a node, and in a temporary container of a node image.
for python in /usr/bin/python3 /usr/local/bin/python3 "$1/bin/python3"; do
  if "$python" -c 'import json, yaml, sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    echo "$python"
    exit 0
  fi
done
