# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libcuda.so.1 answers with a status whatever it is called with: no wrong call ends the program. And its contexts."""

from __future__ import annotations

import ctypes
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .cuda_node import (
    CONTEXT_IS_DESTROYED,
    INVALID_CONTEXT,
    INVALID_DEVICE,
    INVALID_VALUE,
    NOT_FOUND,
    NOT_INITIALIZED,
    NOT_SUPPORTED,
    OUT_OF_MEMORY,
    SUCCESS,
    bare,
    loaded,
    names,
    running,
)

MACHINE = build_machine("dgxh100", uuid_seed="s")
NULLS = (None,) * 6
NAMES = names()
UNSUPPORTED = {name for name, (_version, answers) in NAMES.items() if not answers}
# What CUDA tells without initialization.
EARLY = {
    "cuInit",
    "cuDriverGetVersion",
    "cuGetErrorName",
    "cuGetErrorString",
    "cuGetProcAddress",
    "cuGetProcAddress_v2",
}
# Those with nothing to point to.
NO_POINTER = {
    *("cuCtxSynchronize", "cuCtxSynchronize_v2", "cuCtxSetFlags", "cuCtxSetCurrent"),
    *("cuCtxPopCurrent", "cuCtxPopCurrent_v2", "cuCtxPushCurrent", "cuCtxPushCurrent_v2"),
    *("cuCtxDestroy", "cuCtxDestroy_v2", "cuDevicePrimaryCtxRelease", "cuDevicePrimaryCtxRelease_v2"),
    *("cuDevicePrimaryCtxReset", "cuDevicePrimaryCtxReset_v2"),
    *("cuDevicePrimaryCtxSetFlags", "cuDevicePrimaryCtxSetFlags_v2"),
}


@pytest.fixture
def cuda(cuda_image):
    with running(cuda_image, MACHINE) as made:
        yield made


def test_every_name_is_exported(cuda_image):
    with loaded(cuda_image, MACHINE) as cuda:
        assert len(NAMES) > 700 and len(UNSUPPORTED) > 650
        assert [name for name in NAMES if not hasattr(cuda.library, name)] == []


def test_before_the_initialization(cuda_image):
    room = ctypes.create_string_buffer(256)
    with loaded(cuda_image, MACHINE) as cuda:
        for arguments in (NULLS, (room,) * 6):
            found = {name: cuda.status(name, *arguments) for name in set(NAMES) - EARLY}
            assert {name for name, status in found.items() if status != NOT_INITIALIZED} == set()
        assert not any(room.raw)
        assert {cuda.status(name, *NULLS) for name in EARLY - {"cuInit"}} == {INVALID_VALUE}
        assert cuda.status("cuInit", 1) == INVALID_VALUE
        assert cuda.ask("cuDriverGetVersion", ctypes.c_int()) == 12040


def test_what_needs_hardware_is_not_supported(cuda):
    room = ctypes.create_string_buffer(4096)
    cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 0, 0)
    for arguments in (NULLS, (room,) * 6, (ctypes.c_void_p(1),) * 6):
        assert {cuda.status(name, *arguments) for name in UNSUPPORTED} == {NOT_SUPPORTED}
    assert not any(room.raw)


def test_null_pointers_are_invalid_values(cuda):
    for name in set(NAMES) - UNSUPPORTED - NO_POINTER - {"cuInit"}:
        assert cuda.status(name, *NULLS) == INVALID_VALUE, name


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cuDeviceComputeCapability", "out out 0"),
        ("cuDeviceGetByPCIBusId", "out id"),
        ("cuDevicePrimaryCtxGetState", "0 out out"),
        ("cuDevicePrimaryCtxRetain", "out 0"),
        ("cuMemGetInfo", "out out"),
        ("cuMemGetInfo_v2", "out out"),
        ("cuGetProcAddress", "cuInit out 12000 0"),
        ("cuGetProcAddress_v2", "cuInit out 12000 0 -"),
        ("cuGetErrorName", "1 out"),
        ("cuCtxCreate", "out 0 0"),
        ("cuCtxGetFlags", "out"),
        ("cuCtxGetCurrent", "out"),
        ("cuCtxGetDevice", "out"),
    ],
)
def test_each_pointer_may_be_null(cuda, name, arguments):
    cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 0, 0)

    def given_as(word):
        if word == "out":
            return ctypes.create_string_buffer(64)
        if word == "-":
            return None
        return int(word) if word.isdigit() else (MACHINE.gpus[0].pci_bus_id if word == "id" else word).encode()

    words = arguments.split()
    assert cuda.status(name, *map(given_as, words)) == SUCCESS
    for place, word in enumerate(words):
        if not word.isdigit() and word != "-":
            values = [*map(given_as, words[:place]), None, *map(given_as, words[place + 1 :])]
            assert cuda.status(name, *values) == INVALID_VALUE, place


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_devices_and_contexts_of_nothing(cuda_image, data):
    with running(cuda_image, MACHINE) as cuda:
        room = ctypes.create_string_buffer(4096)
        device = data.draw(st.integers(-(2**31), -1) | st.integers(8, 300) | st.integers(301, 2**31 - 1))
        primary = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 7)
        created = cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 0, 3)
        near = st.sampled_from([primary, created]).flatmap(lambda base: st.integers(-9000, 9000).map(base.__add__))
        number = data.draw((near | st.integers(1, 2**64 - 1)).filter(lambda value: value not in (primary, created)))
        for name in ("cuDeviceGet", "cuDeviceGetUuid", "cuDeviceGetUuid_v2", "cuDeviceTotalMem", "cuDeviceTotalMem_v2"):
            assert cuda.status(name, room, device) == INVALID_DEVICE, name
        for name in ("cuDeviceGetProperties", "cuDevicePrimaryCtxRetain"):
            assert cuda.status(name, room, device) == INVALID_DEVICE, name
        for name in ("cuDeviceGetName", "cuDeviceGetPCIBusId", "cuDeviceComputeCapability", "cuDeviceGetAttribute"):
            second = room if name == "cuDeviceComputeCapability" else 100
            assert cuda.status(name, room, second, device) == INVALID_DEVICE, name
        for name in ("cuDevicePrimaryCtxRelease", "cuDevicePrimaryCtxReset", "cuDevicePrimaryCtxSetFlags_v2"):
            assert cuda.status(name, device, 0) == INVALID_DEVICE, name
        assert cuda.status("cuDevicePrimaryCtxGetState", device, room, room) == INVALID_DEVICE
        for name in ("cuCtxCreate", "cuCtxCreate_v2"):
            assert cuda.status(name, room, 0, device) == INVALID_DEVICE, name
        assert cuda.status("cuDeviceCanAccessPeer", room, device, 0) == INVALID_DEVICE
        assert cuda.status("cuDeviceCanAccessPeer", room, 0, device) == INVALID_DEVICE
        assert cuda.status("cuDeviceGetP2PAttribute", room, 1, 0, device) == INVALID_DEVICE
        handle = ctypes.c_void_p(number)
        for name in ("cuCtxPushCurrent", "cuCtxSetCurrent", "cuCtxDestroy", "cuCtxSynchronize_v2"):
            assert cuda.status(name, handle) == INVALID_CONTEXT, name
        for name in ("cuCtxGetApiVersion", "cuCtxGetId"):
            assert cuda.status(name, handle, room) == INVALID_CONTEXT, name
        assert cuda.status("cuCtxGetDevice_v2", room, handle) == INVALID_CONTEXT
        assert not any(room.raw)
        assert cuda.ask("cuCtxGetCurrent", ctypes.c_void_p()) == created


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_random_calls_of_what_answers(cuda_image, data):
    """With small numbers, pointers to room, NULL and addresses of nothing where the function takes a handle or a number."""
    with running(cuda_image, MACHINE) as cuda:
        room = ctypes.create_string_buffer(4096)
        for _time in range(data.draw(st.integers(1, 10))):
            name = data.draw(st.sampled_from(sorted(set(NAMES) - UNSUPPORTED)))
            takes_handle = name in NO_POINTER and "Primary" not in name
            value = st.integers(-3, 300) | st.integers(0, 2**64 - 1).map(ctypes.c_uint64)
            first = value if takes_handle or name in NO_POINTER else st.sampled_from([room, None])
            if name.startswith("cuGetError"):
                arguments = [data.draw(value), data.draw(st.sampled_from([room, None]))]
            elif name == "cuDevicePrimaryCtxGetState":
                arguments = [data.draw(value), *(data.draw(st.sampled_from([room, None])) for _nth in range(2))]
            elif name in ("cuDeviceComputeCapability", "cuMemGetInfo", "cuMemGetInfo_v2", "cuDeviceGetByPCIBusId"):
                arguments = [*(data.draw(st.sampled_from([room, None])) for _nth in range(2)), data.draw(value)]
            elif name.startswith("cuGetProcAddress"):
                text = st.sampled_from(sorted(NAMES)) | st.text(max_size=8)
                arguments = [data.draw(text).encode(), data.draw(st.sampled_from([room, None])), data.draw(value)]
                arguments += [ctypes.c_uint64(data.draw(st.integers(0, 5))), data.draw(st.sampled_from([room, None]))]
            elif name in ("cuCtxGetApiVersion", "cuCtxGetId"):
                arguments = [data.draw(value), data.draw(st.sampled_from([room, None]))]
            elif name in ("cuDeviceGetName", "cuDeviceGetPCIBusId"):
                arguments = [data.draw(first), data.draw(st.integers(-3, 4096)), data.draw(value)]
            elif name == "cuInit":
                arguments = [data.draw(value)]
            else:
                arguments = [data.draw(first), *(data.draw(value) for _nth in range(3))]
            assert cuda.status(name, *arguments) in range(1000), name
        assert cuda.count() == 8 and cuda.uuid(7) == bare(MACHINE.gpus[7].uuid)


def test_primary_contexts(cuda):
    state = (ctypes.c_uint(9), ctypes.c_int(9))

    def look():
        assert cuda.status("cuDevicePrimaryCtxGetState", 2, *map(ctypes.byref, state)) == SUCCESS
        return state[0].value, state[1].value

    assert look() == (0, 0)
    assert cuda.status("cuDevicePrimaryCtxRelease_v2", 2) == INVALID_CONTEXT
    assert cuda.status("cuDevicePrimaryCtxSetFlags_v2", 2, 4) == SUCCESS and look() == (4, 0)
    for flags in (3, 6, 7, 0x100, 0xFFFFFFFF):
        assert cuda.status("cuDevicePrimaryCtxSetFlags_v2", 2, ctypes.c_uint(flags)) == INVALID_VALUE
    one = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 2)
    assert cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 2) == one and look() == (4, 1)
    other = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 3)
    assert other != one
    # Nothing is current until a program says so.
    assert cuda.ask("cuCtxGetCurrent", ctypes.c_void_p(1)) is None
    assert cuda.status("cuMemGetInfo_v2", *map(ctypes.byref, (ctypes.c_size_t(), ctypes.c_size_t()))) == INVALID_CONTEXT
    assert cuda.status("cuCtxSetCurrent", ctypes.c_void_p(one)) == SUCCESS
    assert cuda.ask("cuCtxGetCurrent", ctypes.c_void_p()) == one
    assert cuda.ask("cuCtxGetDevice", ctypes.c_int()) == 2
    assert cuda.ask("cuCtxGetDevice_v2", ctypes.c_int(), ctypes.c_void_p(other)) == 3
    assert cuda.ask("cuCtxGetFlags", ctypes.c_uint()) == 4
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    assert cuda.status("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total)) == SUCCESS
    assert free.value == total.value == MACHINE.model.memory_mib << 20
    assert cuda.status("cuMemGetInfo", ctypes.byref(free), ctypes.byref(total)) == SUCCESS
    assert cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(one)) == INVALID_CONTEXT
    assert [cuda.status("cuDevicePrimaryCtxRelease_v2", 2) for _time in range(3)] == [0, 0, INVALID_CONTEXT]
    # It is still current, and of no use.
    assert cuda.ask("cuCtxGetCurrent", ctypes.c_void_p()) == one
    assert cuda.status("cuCtxSynchronize") == CONTEXT_IS_DESTROYED
    assert cuda.status("cuCtxSetCurrent", ctypes.c_void_p(one)) == INVALID_CONTEXT
    assert cuda.status("cuCtxSetCurrent", None) == SUCCESS
    assert cuda.status("cuCtxSynchronize") == INVALID_CONTEXT


def test_contexts_that_are_created(cuda):
    contexts = [cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 1, device) for device in range(8)]
    contexts += [
        cuda.ask("cuCtxCreate", ctypes.c_void_p(), 0, 0),
        cuda.ask("cuCtxCreate_v3", ctypes.c_void_p(), None, 0, 2, 1),
    ]
    contexts += [cuda.ask("cuCtxCreate_v4", ctypes.c_void_p(), None, 0, 5)]
    assert len(set(contexts)) == 11
    assert cuda.ask("cuCtxGetDevice", ctypes.c_int()) == 5
    assert cuda.ask("cuCtxPopCurrent_v2", ctypes.c_void_p()) == contexts[10]
    assert cuda.ask("cuCtxGetDevice", ctypes.c_int()) == 1
    assert cuda.status("cuCtxPushCurrent_v2", ctypes.c_void_p(contexts[4])) == SUCCESS
    assert (cuda.ask("cuCtxGetDevice", ctypes.c_int()), cuda.ask("cuCtxGetFlags", ctypes.c_uint())) == (4, 1)
    assert cuda.status("cuCtxSetFlags", 0x20) == SUCCESS and cuda.ask("cuCtxGetFlags", ctypes.c_uint()) == 0x20
    version = ctypes.c_uint()
    assert cuda.status("cuCtxGetApiVersion", None, ctypes.byref(version)) == SUCCESS and version.value == 3020
    ids = set()
    for context in contexts:
        number = ctypes.c_ulonglong()
        assert cuda.status("cuCtxGetId", ctypes.c_void_p(context), ctypes.byref(number)) == SUCCESS
        ids.add(number.value)
    assert len(ids) == 11
    assert [cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(context)) for context in contexts] == [SUCCESS] * 11
    assert {cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(context)) for context in contexts} == {INVALID_CONTEXT}
    room = ctypes.create_string_buffer(64)
    assert cuda.status("cuCtxCreate_v3", room, room, 1, 0, 0) == NOT_SUPPORTED
    assert cuda.status("cuCtxCreate_v4", room, room, 0, 0) == NOT_SUPPORTED
    assert cuda.status("cuCtxCreate_v2", room, 0x100, 0) == INVALID_VALUE


def test_the_number_of_contexts_is_limited(cuda):
    made = []
    context = ctypes.c_void_p()
    while cuda.status("cuCtxCreate_v2", ctypes.byref(context), 0, len(made) % 8) == SUCCESS:
        made.append(context.value)
        assert cuda.status("cuCtxPopCurrent_v2", None) == SUCCESS
    assert len(made) == len(set(made)) == 256
    assert cuda.status("cuCtxCreate_v2", ctypes.byref(context), 0, 0) == OUT_OF_MEMORY
    assert cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(made[99])) == SUCCESS
    assert cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 0, 0) == made[99]
    depth = 1
    while cuda.status("cuCtxPushCurrent_v2", ctypes.c_void_p(made[0])) == SUCCESS:
        depth += 1
    assert depth == 16
    assert cuda.status("cuCtxSetCurrent", ctypes.c_void_p(made[1])) == SUCCESS


def test_each_thread_has_a_current_context(cuda):
    contexts = [cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), device) for device in range(8)]
    wrong = []
    together = threading.Barrier(8)

    def use(device):
        current = ctypes.c_int()
        together.wait()
        if cuda.status("cuCtxSynchronize") != INVALID_CONTEXT:
            wrong.append("a new thread has a context")
        for _time in range(500):
            statuses = [cuda.status("cuCtxSetCurrent", ctypes.c_void_p(contexts[device]))]
            created = ctypes.c_void_p()
            statuses.append(cuda.status("cuCtxCreate_v2", ctypes.byref(created), 0, 7 - device))
            statuses.append(cuda.status("cuCtxGetDevice", ctypes.byref(current)))
            if current.value != 7 - device:
                wrong.append(current.value)
            statuses.append(cuda.status("cuCtxDestroy_v2", created))
            statuses.append(cuda.status("cuCtxGetDevice", ctypes.byref(current)))
            if any(statuses) or current.value != device:
                wrong.append((statuses, current.value))

    threads = [threading.Thread(target=use, args=(device,)) for device in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_that_ended_leave_room(cuda):
    """More threads than the table has places, one after the other."""
    context = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 1)
    statuses = []

    def use():
        statuses.append(cuda.status("cuCtxPushCurrent_v2", ctypes.c_void_p(context)))

    for _nth in range(1200):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    use()
    # A thread's number may be used again, with what it left. That is seldom.
    assert statuses[-1] == SUCCESS and statuses.count(SUCCESS) > 1100


def test_initialization_in_many_threads(cuda_image):
    wrong = []
    with loaded(cuda_image, MACHINE) as cuda:
        together = threading.Barrier(8)

        def use():
            together.wait()
            for _time in range(300):
                if cuda.status("cuInit", 0) or cuda.count() != 8 or cuda.uuid(7) != bare(MACHINE.gpus[7].uuid):
                    wrong.append("")

        threads = [threading.Thread(target=use) for _nth in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_a_child_of_a_busy_parent(cuda):
    """fork(2) copies the lock, which another thread may hold just then."""
    context = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 1)
    stop = threading.Event()

    def use():
        while not stop.is_set():
            cuda.status("cuCtxSetCurrent", ctypes.c_void_p(context))

    threads = [threading.Thread(target=use) for _nth in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _time in range(100):
            child = os.fork()
            if child == 0:
                ctypes.CDLL(None).alarm(20)
                os._exit(cuda.status("cuCtxSetCurrent", ctypes.c_void_p(context)) != SUCCESS)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class Contexts(RuleBasedStateMachine):
    """The stack of one thread, as a list."""

    cuda = None  # set by the test

    def __init__(self):
        super().__init__()
        self.stack, self.alive, self.uses = [], {}, [0] * 3
        while self.cuda.status("cuCtxPopCurrent_v2", None) == SUCCESS:
            pass

    def teardown(self):
        for context in self.alive:
            self.cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(context))
        for device, uses in enumerate(self.uses):
            for _time in range(uses):
                self.cuda.status("cuDevicePrimaryCtxRelease_v2", device)

    def handles(self):
        primary = [self.cuda.primary[device] for device in range(3) if self.uses[device]]
        return [*self.alive, *primary]

    def is_alive(self, handle):
        return handle in self.handles()

    @rule(device=st.integers(0, 2))
    def create(self, device):
        if len(self.stack) < 16:
            context = self.cuda.ask("cuCtxCreate_v2", ctypes.c_void_p(), 0, device)
            # A place that is used again makes what is left on the stack valid again.
            self.alive[context] = device
            self.stack.append(context)

    @rule(device=st.integers(0, 2))
    def retain(self, device):
        assert self.cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), device) == self.cuda.primary[device]
        self.uses[device] += 1

    @rule(device=st.integers(0, 2))
    def release(self, device):
        status = self.cuda.status("cuDevicePrimaryCtxRelease_v2", device)
        assert status == (SUCCESS if self.uses[device] else INVALID_CONTEXT)
        self.uses[device] = max(0, self.uses[device] - 1)

    @rule(data=st.data())
    def destroy(self, data):
        if self.alive:
            context = data.draw(st.sampled_from(sorted(self.alive)))
            assert self.cuda.status("cuCtxDestroy_v2", ctypes.c_void_p(context)) == SUCCESS
            del self.alive[context]
            if self.stack and self.stack[-1] == context:
                self.stack.pop()

    @rule(data=st.data())
    def push(self, data):
        if self.handles() and len(self.stack) < 16:
            context = data.draw(st.sampled_from(sorted(self.handles())))
            assert self.cuda.status("cuCtxPushCurrent_v2", ctypes.c_void_p(context)) == SUCCESS
            self.stack.append(context)

    @rule()
    def pop(self):
        context = ctypes.c_void_p()
        status = self.cuda.status("cuCtxPopCurrent_v2", ctypes.byref(context))
        assert status == (SUCCESS if self.stack else INVALID_CONTEXT)
        assert context.value == (self.stack.pop() if self.stack else None)

    @rule(data=st.data())
    def set_current(self, data):
        context = data.draw(st.sampled_from([None, *sorted(self.handles())]))
        assert self.cuda.status("cuCtxSetCurrent", ctypes.c_void_p(context)) == SUCCESS
        self.stack = self.stack[:-1] + ([context] if context else [])

    @rule()
    def look(self):
        current = self.cuda.ask("cuCtxGetCurrent", ctypes.c_void_p())
        assert current == (self.stack[-1] if self.stack else None)
        expected = INVALID_CONTEXT
        if self.stack:
            expected = SUCCESS if self.is_alive(current) else CONTEXT_IS_DESTROYED
        device = ctypes.c_int()
        assert self.cuda.status("cuCtxGetDevice", ctypes.byref(device)) == expected
        if expected == SUCCESS:
            primary = {handle: number for number, handle in enumerate(self.cuda.primary)}
            assert device.value == {**primary, **self.alive}[current]


def test_any_order_of_calls(cuda):
    cuda.primary = []
    for device in range(3):
        cuda.primary.append(cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), device))
        assert cuda.status("cuDevicePrimaryCtxRelease_v2", device) == SUCCESS
    machine = type("OfThisLibrary", (Contexts,), {"cuda": cuda})
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))


def test_wrong_names_of_functions(cuda):
    """No text is too long."""
    room = ctypes.c_void_p()
    for text in (b"x" * 100000, b"cu" * 50000, b"_v2", b"_ptsz", b"\xff" * 200, b"cuInit\xff"):
        assert cuda.status("cuGetProcAddress", text, ctypes.byref(room), 12000, 0) == NOT_FOUND
