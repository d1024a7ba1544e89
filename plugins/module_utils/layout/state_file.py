# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The file that holds the state of a node's GPUs, as bytes: what has been set since the driver was installed (native/state.h).

It is a shared object in the library directory with the driver's version in its name. So container runtimes mount it without being
told, beside libnvidia-ml. The state follows the ELF image, from offset 4096 on. All numbers are little-endian.

- Head: magic (8 bytes), version of the format, number of GPUs, size of a slot, identity (4 bytes each), and ``active`` (8 bytes), which
  is twice the generation plus the number of the slot that counts.
- Two slots: generation, boot (8 bytes each), number of entries, CRC-32 of the 20 bytes before it and of the entries (4 bytes each), and
  the entries, sorted: GPU, number of the setting (2 bytes each), 4 zero bytes, value (8 bytes, signed).

A writer holds flock(2) on the file, writes the slot that does not count, then ``active``. So the slot that counts is whole at all times,
also if the writer is killed. The file is never replaced for a change, because containers hold it.
"""

from __future__ import annotations

from struct import Struct
from zlib import crc32

from ..errors import HostError
from ..values import Value
from .stub_library import shared_object

FAULTS = range(600, 768)
"""The numbers of faults and their events (state_faults.py)."""
NAME = "libnvidia-mockstate.so.{V}"
"""In the library directory. ``{V}`` is the driver's version."""
MOST_ENTRIES = 4096
START = 4096
MAGIC = b"nvmstate"
FORMAT = 1

_HEAD = Struct("<8s4IQ")
_SLOT_HEAD = Struct("<2Q2I")
_CHECKED = 20  # bytes of a slot's head before the checksum
_ENTRY = Struct("<2HIq")
_HEAD_SIZE = 64
ACTIVE_AT = START + 24
"""Where the 8 bytes are that every change writes last."""
FIXED = ACTIVE_AT
"""Bytes at the beginning that no writer changes."""
SLOT_SIZE = _SLOT_HEAD.size + MOST_ENTRIES * _ENTRY.size
SIZE = START + _HEAD_SIZE + 2 * SLOT_SIZE


class State(Value):
    """What the file says.

    :arg gpu_count: number of the machine's GPUs.
    :arg entries: (GPU, number of a setting) -> value. See state_settings.py.
    :arg boot: the boot of the kernel that the state belongs to, as a number; 0 if it is kept over a restart.
    :arg generation: count of the changes.
    :arg slot: the slot that counts.
    """

    __slots__ = ("gpu_count", "entries", "boot", "generation", "slot")

    def __init__(
        self, gpu_count: int, entries: dict[tuple[int, int], int], boot: int = 0, generation: int = 0, slot: int = 0
    ) -> None:
        self.gpu_count = gpu_count
        self.entries = entries
        self.boot = boot
        self.generation = generation
        self.slot = slot

    def of_gpu(self, gpu: int) -> dict[int, int]:
        """Return what is stored of one GPU: number -> value."""
        return {number: value for (of, number), value in self.entries.items() if of == gpu}


def state_file(soname: str, architecture: str, gpu_count: int, identity: str) -> bytes:
    """Return the file of GPUs at rest.

    :arg identity: text that names these GPUs. The file of another machine is replaced.
    :raises ParameterError: another architecture.
    """
    image = shared_object(soname, architecture)
    head = _HEAD.pack(MAGIC, FORMAT, gpu_count, SLOT_SIZE, crc32(identity.encode("utf-8")), 0)
    slot = _slot(State(gpu_count, {}))
    content = bytearray(SIZE)
    content[: len(image)] = image
    content[START : START + len(head)] = head
    content[_slot_at(0) : _slot_at(0) + len(slot)] = slot
    return bytes(content)


def read_state(data: bytes, path: str) -> State:
    """Return what the file says. A slot that is not whole, as after a loss of power, is one of GPUs at rest.

    :raises HostError: the file is not one of these.
    """
    if len(data) != SIZE or data[START : START + 8] != MAGIC:
        raise HostError(f"{path}: is no state of mock GPUs: run nvmock.gpu again, which repairs it")
    _magic, version, gpu_count, slot_size, _identity, active = _HEAD.unpack_from(data, START)
    if version != FORMAT or slot_size != SLOT_SIZE:
        raise HostError(f"{path}: has version {version} of the format, not {FORMAT}: use the nvmock.gpu that made it")
    generation, slot = active >> 1, active & 1
    at = _slot_at(slot)
    written, boot, count, checksum = _SLOT_HEAD.unpack_from(data, at)
    first = at + _SLOT_HEAD.size
    if count > MOST_ENTRIES or written != generation:
        return State(gpu_count, {}, 0, generation, slot)
    entries = data[first : first + count * _ENTRY.size]
    if crc32(entries, crc32(data[at : at + _CHECKED])) != checksum:
        return State(gpu_count, {}, 0, generation, slot)
    return State(
        gpu_count,
        {(gpu, setting): value for gpu, setting, _zero, value in _ENTRY.iter_unpack(entries)},
        boot,
        generation,
        slot,
    )


def writes(state: State) -> list[tuple[int, bytes]]:
    """Return what a writer writes, in order, for the change that leads to *state*: (offset, bytes).

    :arg state: what was read, with other entries.
    :raises HostError: it has too many entries.
    """
    if len(state.entries) > MOST_ENTRIES:
        raise HostError(f"state: {len(state.entries)} values are set, at most {MOST_ENTRIES} are possible: reset some")
    after = State(state.gpu_count, state.entries, state.boot, state.generation + 1, 1 - state.slot)
    return [
        (_slot_at(after.slot), _slot(after)),
        (ACTIVE_AT, (after.generation << 1 | after.slot).to_bytes(8, "little")),
    ]


def _slot(state: State) -> bytes:
    pack = _ENTRY.pack
    entries = b"".join([pack(gpu, setting, 0, value) for (gpu, setting), value in sorted(state.entries.items())])
    head = _SLOT_HEAD.pack(state.generation, state.boot, len(state.entries), 0)
    return (
        _SLOT_HEAD.pack(state.generation, state.boot, len(state.entries), crc32(entries, crc32(head[:_CHECKED])))
        + entries
    )


def _slot_at(slot: int) -> int:
    return START + _HEAD_SIZE + slot * SLOT_SIZE
