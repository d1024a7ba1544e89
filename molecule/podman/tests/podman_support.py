# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Running containers with CDI devices of specifications in any directory.

podman reads /etc/cdi and /var/run/cdi: the specifications are mounted there in a mount namespace of their own, so nothing
of the machine changes but two empty directories, for as long as a container runs.
"""

from __future__ import annotations

import os

PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
MOCKCTL = os.path.join(PROJECT, "bin", "gpu-mockctl")
PODMAN = (
    # runc with its own cgroups works with both cgroup versions. root may always set these limits.
    "podman --runtime runc --cgroup-manager cgroupfs run --rm --network none"
    " --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
)


def run_in(host, specs, image, devices, script, run_specs=None):
    """Run *script* with sh in a container of *image* that has the CDI *devices*; return the result.

    :arg specs: the directory that is mounted as /etc/cdi.
    :arg run_specs: the one that is mounted as /var/run/cdi, if any.
    """
    options = " ".join(f"--device {device}" for device in devices)
    places = {"/etc/cdi": specs, **({"/run/cdi": run_specs} if run_specs else {})}
    mounts = "".join(f"mount --bind {source} {place} && " for place, source in places.items())
    inner = f"{mounts}exec {PODMAN} {options} {image} sh -c '{script}'"
    made = [place for place in places if host.run(f"mkdir {place}").rc == 0]  # a place to mount on
    try:
        return host.run("unshare --mount --propagation private sh -c %s", inner)
    finally:
        for place in made:
            host.run(f"rmdir {place}")
