# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Images for the tests, built from what the scenario already has, so that they need neither a registry nor packages.

The playbook's own image gpu-mockctl is in every node: Debian's glibc and Python, busybox, and no ldconfig.
"""

from __future__ import annotations

import contextlib
import subprocess

BUSYBOX = "localhost/nvmock-molecule-busybox:latest"
DEBIAN = "localhost/nvmock-molecule-debian:latest"

# busybox is static: nothing in this image can use a library.
_BUSYBOX_FILES = ["bin", *(f"usr/bin/{name}" for name in ("busybox", "sh", "ls", "sleep", "stat"))]

# The node is a Debian or an Ubuntu. The files of these packages are a root filesystem with ldconfig and perl.
# Packages may list /lib for files in /usr/lib. Node images leave out documentation.
_DEBIAN_FILES = r"""
{ dpkg -L base-files base-passwd dash libc6 libc-bin libcrypt1 perl-base; echo /usr/bin/sh; echo /usr/bin/sleep; } |
sed -E 's,^/(bin|sbin|lib|lib64)/,/usr/\1/,' | sort -u |
while read -r path; do if [ -e "$path" ] || [ -L "$path" ]; then echo ".$path"; fi; done |
tar --directory=/ --create --no-recursion --files-from=- """


def mockctl(host):
    """The name of the image gpu-mockctl in a node."""
    return host.check_output("ctr --namespace=k8s.io images ls --quiet name~=nvmock/gpu-mockctl").splitlines()[-1]


def _docker(*command, stdin=None):
    subprocess.run(["docker", *command], check=True, stdin=stdin, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def _output(*command):
    """The output of a docker command, as a stream."""
    with subprocess.Popen(["docker", *command], stdout=subprocess.PIPE) as process:
        yield process.stdout
    assert process.returncode == 0, command


def _load(node, name, *archive):
    """Import the archive that a docker command writes as an image of one layer into a node. Nothing stays in the engine."""
    with _output(*archive) as files:
        _docker("import", "-", name, stdin=files)
    try:
        with _output("save", name) as image:
            _docker("exec", "-i", node, "ctr", "--namespace=k8s.io", "images", "import", "-", stdin=image)
    finally:
        _docker("image", "rm", name)


def load_busybox(node, host):
    run = ["run", "--rm", "--network=none", "--entrypoint=/bin/busybox", mockctl(host)]
    _load(node, BUSYBOX, *run, "tar", "-C", "/", "-c", *_BUSYBOX_FILES)


def load_debian(node):
    _load(node, DEBIAN, "exec", node, "sh", "-c", _DEBIAN_FILES)
