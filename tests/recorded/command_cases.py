# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded runs of ``nvidia-ctk cdi transform root`` and ``nvidia-ctk cdi list``.

    <release>/transform-root/cases.json   {"cases": [{"name", "input": FILE, "from", "to", "relative_to",
                                           "spec": FILE or null, "exit_code", "error"}]}
    <release>/list/cases.json             {"cases": [{"name", "specs": {PATH ON THE NODE: FILE}, "spec_dirs",
                                           "stdout": FILE}]}

FILEs are relative to the folder of recorded cases, or to the folder of that cases.json; from, to, relative_to and
spec_dirs may also stand in "options".
"""

from __future__ import annotations

import json
import os
import shutil

import yaml

from nvmock_gpu.cdi.read import parse
from nvmock_gpu.cdi.registry import DEFAULT_DIRECTORIES, load_registry
from nvmock_gpu.errors import NvmockError
from nvmock_gpu.host.view import HostView
from nvmock_gpu.nvcdi.transform import HOST, RootTransform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[], list[str]]


def transform_cases(directory: str, version: str, release: str, differences: Callable) -> Iterator[tuple[str, Work]]:
    """(title, what to run) of each recorded transformation of a release."""
    folder = os.path.join(directory, version, "transform-root")
    for case in _cases(folder):
        yield (
            f"{version}/transform-root/{case['name']}",
            lambda case=case: _transform(case, (directory, folder), release, differences),
        )


def list_cases(directory: str, version: str, scratch: str) -> Iterator[tuple[str, Work]]:
    """(title, what to run) of each recorded list of a release."""
    folder = os.path.join(directory, version, "list")
    for case in _cases(folder):
        yield (
            f"{version}/list/{case['name']}",
            lambda case=case: _list(case, (directory, folder), os.path.join(scratch, "list")),
        )


def _cases(folder: str) -> list[dict]:
    path = os.path.join(folder, "cases.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        recorded = json.load(file)
    return recorded["cases"] if isinstance(recorded, dict) else recorded


def _read(name: str, folders: tuple[str, ...]) -> bytes:
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read()
    raise FileNotFoundError(name)


def _transform(case: dict, folders: tuple[str, ...], release: str, differences: Callable) -> list[str]:
    given = {**case, **case.get("options", {})}
    failed = bool(case.get("exit_code")) or not case.get("spec")
    try:
        transform = RootTransform(given.get("from", ""), given.get("to", ""), given.get("relative_to") or HOST, release)
        got = transform(parse(case["input"], _read(case["input"], folders)))
    except NvmockError as error:
        return [] if failed else [f"error: recorded none, is {str(error)!r}"]
    if failed:
        return [f"error: recorded {case.get('error')!r}, is none"]
    want = yaml.safe_load(_read(case["spec"], folders))
    return differences(want, json.loads(json.dumps(got)))


def _list(case: dict, folders: tuple[str, ...], root: str) -> list[str]:
    given = {**case, **case.get("options", {})}
    shutil.rmtree(root, ignore_errors=True)
    os.mkdir(root)
    for path, name in given["specs"].items():
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        with open(root + path, "wb") as file:
            file.write(_read(name, folders))
    registry = load_registry(HostView(root), given.get("spec_dirs") or DEFAULT_DIRECTORIES)
    want = _read(case["stdout"], folders).decode().split()
    return [] if registry.names == want else [f"names: recorded {want}, are {registry.names}"]
