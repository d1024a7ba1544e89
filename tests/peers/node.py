# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A mock node in a directory, and what NVIDIA's kernel modules would tell nvidia-ctk there."""

from __future__ import annotations

import json
import re
import shutil

from .toolkit import call, mockctl

DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
HOOK = "/usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook"
PLAIN, MIG = "plain", "MIG"
LAYOUTS = (PLAIN, MIG)
# procfs is the machine's own but for its directory driver; nothing of sysfs but PCI devices is read.
ENTER = """
node=$1 kernel=$2
shift 2
mkdir -p "$node/proc" "$node/sys"
mount --bind /proc "$node/proc"
mount --bind "$kernel/proc-driver" "$node/proc/driver"
mount --bind "$kernel/sys" "$node/sys"
exec chroot "$node" "$@"
"""


def _machines():
    """The machine types but for single boards, which add nothing to a specification that a DGX does not have."""
    found = json.loads(mockctl("machines", "--output", "json"))
    return {machine["machine"]: machine for machine in found if machine["machine"].startswith("dgx")}


MACHINES = _machines()


def mig_layout(profiles):
    """A GPU cut in three, one in one piece, one in MIG mode without devices, one with media extensions: --mig's value."""

    def of(slices, end=""):
        return next(name for name in profiles if re.fullmatch(rf"{slices}g\.\d+gb{re.escape(end)}", name))

    return f"0={of(3)},{of(2)},{of(1)};1={of(7)};2=;3={of(1, '+me')},{of(1)}"


class Node:
    """A machine type with or without MIG devices, made by gpu-mockctl with DRM nodes and hooks."""

    def __init__(self, place, machine, layout):
        self.root = place / "node"
        self.kernel = place / "kernel"
        self.root.mkdir(parents=True)
        self.flags = ["--machine", machine, "--uuid-seed", f"peers {machine}"]
        if layout == MIG:
            self.flags += ["--mig", mig_layout(MACHINES[machine]["model"]["mig_profiles"])]
        mockctl("--host-root", self.root, "--with-dri", "--with-hook", *self.flags)
        self.gpus = json.loads(mockctl("machines", "--output", "json", *self.flags))["gpus"]
        self._make_kernel()

    def _make_kernel(self):
        """/proc/driver/nvidia-caps/mig-minors and /sys/bus/pci/devices/ID/drm."""
        lines = ["config 1", "monitor 2"]
        for minor in {gpu["minor"] for gpu in self.gpus}:
            for gi in range(15):
                first = 3 + (15 * minor + gi) * 9
                lines.append(f"gpu{minor}/gi{gi}/access {first}")
                lines += [f"gpu{minor}/gi{gi}/ci{ci}/access {first + 1 + ci}" for ci in range(8)]
        minors = self.kernel / "proc-driver/nvidia-caps/mig-minors"
        minors.parent.mkdir(parents=True)
        minors.write_text("\n".join(lines) + "\n")
        for number, gpu in enumerate(self.gpus):
            for name in (f"card{number}", f"renderD{128 + number}"):
                (self.kernel / "sys/bus/pci/devices" / gpu["pci_bus_id"].lower() / "drm" / name).mkdir(parents=True)

    @property
    def hook(self):
        """Our hook program, as the node has it."""
        return self.root / HOOK.lstrip("/")

    def install(self, program):
        """Copy a program of this machine to the node's /usr/bin, with the libraries that it is linked with."""
        libraries = call("ldd", program)
        assert libraries.returncode == 0, libraries.stderr
        copies = {f"/usr/bin/{program.name}": program}
        copies.update((path, path) for path in re.findall(r"(/\S+) \(0x", libraries.stdout))
        for target, source in copies.items():
            path = self.root / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, path)

    def run(self, *command):
        """Run a command in the node, in a mount namespace of its own."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh", self.root, self.kernel]
        return call(*enter, *command, env={"PATH": path}, timeout=120)
