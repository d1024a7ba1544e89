# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the host package share: whole nodes as wishes, snapshots, and an ``os`` that fails at the k-th call."""

from __future__ import annotations

import contextlib
import io
import os
import stat

from ansible_collections.nvmock.gpu.plugins.module_utils.host import apply as applying
from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard, hidden, housing, manifest, sweep
from ansible_collections.nvmock.gpu.plugins.module_utils.host import lock as locking
from ansible_collections.nvmock.gpu.plugins.module_utils.host import put as putting
from ansible_collections.nvmock.gpu.plugins.module_utils.host import root as rooting
from ansible_collections.nvmock.gpu.plugins.module_utils.host import steps as stepping
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import converge, open_root
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import FILE, Entry
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import (
    DEFAULT_BASE,
    DEFAULT_DRIVER_ROOT,
    DEFAULT_SPEC_PATH,
    components,
)

BASE = DEFAULT_BASE
DRIVER_ROOT = DEFAULT_DRIVER_ROOT
SPEC = DEFAULT_SPEC_PATH
MANIFEST = manifest.PATH
LOCK = manifest.LOCK
STAGED = hidden.STAGED
AS_ROOT = os.geteuid() == 0
MAY_MKNOD = guard.may_mknod()
OWNER = 0 if AS_ROOT else None

NO_DRIVER = "Character devices:\n  1 mem\n\nBlock devices:\n  8 sd\n"


def kernel_devices(text):
    """A stand-in for ``open`` in the guard: what the running kernel's /proc/devices says."""
    return lambda *_args, **_kwargs: io.StringIO(text)


def full_node(gpus=8, **device_options):
    """All components of a node: devices, procfs, /dev, driver tree, specification, restored at boot."""
    return _once(_full_node, gpus, **device_options)


def small_node(gpus=1):
    """A node with every kind of entry but few of each, for tests that run it at every possible point of failure."""
    return _once(_small_node, gpus)


_made = {}


def _once(make, gpus, **options):
    """Compute components once, because the tests need the same ones thousands of times. Their entries are shared and read-only."""
    key = repr((make, gpus, sorted(options.items())))
    if key not in _made:
        _made[key] = make(gpus, **options)
    return [component.but(entries=list(component.entries)) for component in _made[key]]


def _full_node(gpus, **device_options):
    machine = build_machine(gpu_count=gpus, uuid_seed="node", mig_layout=device_options.pop("mig", None))
    options = DeviceOptions(uid=OWNER, gid=OWNER, regular_files=not MAY_MKNOD, **device_options)
    return [
        components.devices(machine, BASE, options, "x86_64", True),
        components.dev_root_devices(machine, BASE, "/", options, True),
        components.dev_root_devices(machine, BASE, DRIVER_ROOT, options, True),
        components.driver_tree(machine, DRIVER_ROOT, DriverTreeOptions(uid=OWNER, gid=OWNER)),
        components.cdi_spec(SPEC, {SPEC: f"gpus: {gpus}\n".encode()}, OWNER, OWNER),
    ]


def _small_node(gpus):
    devices, dev, _files, tree, spec = full_node(gpus)
    devices.entries = [entry for entry in devices.entries if "modeset" not in entry.path and "uvm" not in entry.path]
    dev.entries = [entry for entry in dev.entries if "ctl" in entry.path or entry.path[-1].isdigit()]
    keep = ("/lib64", "/lib64/libcuda.so.1", "/lib64/libcuda.so.550.54.15", "/bin", "/bin/nvidia-smi")
    paths = {DRIVER_ROOT, *(DRIVER_ROOT + path for path in keep)}
    tree.entries = [entry for entry in tree.entries if entry.path in paths]
    return [devices, dev, tree, spec]


def owned_by(wanted, uid, gid):
    """Return the components *wanted* with all of their entries owned by this user and group."""
    return [component.but(entries=[entry.but(uid=uid, gid=gid) for entry in component.entries]) for component in wanted]


def present(top, wanted, **options):
    """Converge the host root *top* to the components *wanted*; return the changes."""
    with open_root(str(top), wanted) as root:
        return converge(root, wanted, **options)


def absent(top, wanted, **options):
    """Remove the components *wanted* from the host root *top*; return the changes."""
    with open_root(str(top), wanted) as root:
        return converge(root, components.removed([component.owner for component in wanted]), **options)


def record_replaced(top, path, **facts):
    """Write into the manifest what version 1 of its format had there of a file that was taken over."""
    known = manifest.Manifest.from_bytes(snapshot(top)[MANIFEST][4])
    owned = known.owned[path]
    replaced = Entry(path, FILE, **facts)
    known.owned[path] = manifest.Owned(owned.kind, owned.tags, replaced, owned.made)
    write(top, MANIFEST, manifest.Manifest(known.owned).to_bytes())


def snapshot(top, identity=False):
    """Return every entry below *top*: path -> (type, mode, uid, gid, content or target or device).

    :arg identity: also inode, mtime and ctime, which tell whether something was touched at all.
    """
    found = {}
    stack = [str(top)]
    base = len(str(top))
    while stack:
        place = stack.pop()
        with os.scandir(place) as items:
            for item in items:
                status = item.stat(follow_symlinks=False)
                kind = stat.S_IFMT(status.st_mode)
                special = None
                if kind == stat.S_IFDIR:
                    stack.append(item.path)
                elif kind == stat.S_IFREG:
                    special = _bytes(item.path)
                elif kind == stat.S_IFLNK:
                    special = os.readlink(item.path)
                elif kind in (stat.S_IFCHR, stat.S_IFBLK):
                    special = (os.major(status.st_rdev), os.minor(status.st_rdev))
                facts = (kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, special)
                if identity:
                    facts += (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
                found[item.path[base:]] = facts
    if identity:
        status = os.stat(top)
        found["/"] = (status.st_mode, status.st_mtime_ns, status.st_ctime_ns)
    return found


def restore(top, facts):
    """Make the host root *top* of a snapshot: for tests that begin with the same tree many times."""
    os.mkdir(top)
    for path in sorted(facts):  # a directory comes before what is in it
        kind, mode, uid, gid, special = facts[path]
        place = f"{top}{path}"
        if kind == stat.S_IFDIR:
            os.mkdir(place)
        elif kind == stat.S_IFREG:
            with open(place, "wb") as handle:
                handle.write(special)
        elif kind == stat.S_IFLNK:
            os.symlink(special, place)
        else:
            os.mknod(place, kind, os.makedev(*special))
        if AS_ROOT and (uid, gid) != (0, 0):
            os.chown(place, uid, gid, follow_symlinks=False)
        if kind != stat.S_IFLNK:
            os.chmod(place, mode)


def _bytes(path):
    with contextlib.suppress(PermissionError), open(path, "rb") as handle:
        return handle.read()
    return None


def different(before, after):
    """The paths at which two snapshots differ, sorted."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def inhabit(top):
    """Make *top* a node that is used by others too: directories, files, links and odd modes that are not ours."""
    top = str(top)
    for path, mode in (
        ("/dev", 0o755),
        ("/etc", 0o755),
        ("/etc/cdi", 0o750),
        ("/run", 0o755),
        ("/var", 0o755),
        ("/var/lib", 0o711),
        ("/var/lib/other", 0o700),
        ("/usr", 0o755),
        ("/usr/lib", 0o755),
    ):
        os.mkdir(top + path)
        os.chmod(top + path, mode)
    for path, content, mode in (
        ("/dev/null", b"", 0o666),
        ("/etc/cdi/other.yaml", b"cdiVersion: 0.5.0\n", 0o640),
        ("/var/lib/other/data", b"\0\1", 0o600),
    ):
        write(top, path, content, mode)
    os.symlink("usr/lib", top + "/lib")
    os.symlink("/run", top + "/var/run")


def write(top, path, content=b"", mode=0o644):
    """Make a file of somebody else."""
    with open(str(top) + path, "wb") as handle:
        handle.write(content)
    os.chmod(str(top) + path, mode)


class Killed(BaseException):
    """The process is gone: no handler of the core may catch this, no clean-up may change anything after it."""


_MUTATING = frozenset(("open", "write", "mkdir", "mknod", "symlink", "link", "rename", "replace", "unlink", "rmdir"))
_MUTATING |= {"chmod", "chown", "fchmod", "fchown", "truncate", "ftruncate", "fsync"}
_LOOKING = frozenset(["stat", "fstat", "readlink", "listdir", "read"])


class FaultyOs:
    """``os`` for the host package, with a fault instead of the *at*-th call that counts, and of the ones after it.

    :arg fault: the exception; a :class:`Killed` is final, every later change raises it too.
    :arg looking: count the calls that only look as well.
    :arg names: count these calls only.
    :arg times: so many calls in a row fail.
    :arg lasting: the errors stay from then on, but for removals, chmod and chown (a file system that is full).
    """

    def __init__(self, at, fault, looking=False, lasting=False, names=(), times=1):
        self.at = at
        self.fault = fault
        self.calls = 0
        self.tripped = False
        self._lasting = lasting
        self._times = times
        self._counted = names or (_MUTATING | _LOOKING if looking else _MUTATING)
        self._looking = looking

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in self._counted:
            return real

        def call(*args, **kwargs):
            if name == "open" and not self._looking and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            self.calls += 1
            killed = isinstance(self.fault, Killed)
            if 0 <= self.calls - self.at < self._times or (
                self.tripped and (killed or (self._lasting and name in _NEEDING_SPACE))
            ):
                if name == "write" and not self.tripped:
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                self.tripped = True
                raise self.fault
            return real(*args, **kwargs)

        return call


_NEEDING_SPACE = frozenset(("write", "mkdir", "mknod", "symlink"))


@contextlib.contextmanager
def faults(at, fault, **options):
    """Let the host package fail at its *at*-th call; yields the :class:`FaultyOs`."""
    faulty = FaultyOs(at, fault, **options)
    disturbed = (applying, housing, locking, putting, rooting, stepping, sweep)
    for module in disturbed:
        module.os = faulty
    try:
        yield faulty
    finally:
        for module in disturbed:
            module.os = os
