# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The files of this driver: the prepared claims, and the CDI specification of each.

The checkpoint is in the kubelet's directory, which survives a restart of the node. The specifications are below /run, which does not.
So a specification that is missing is written again for as long as its claim is prepared.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from device_plugin.log import Once, described, log

from .names import DRIVER

CHECKPOINT = "claims.json"
_PREFIX = f"k8s.{DRIVER}-claim_"
_SUFFIX = ".json"
_VERSION = 1


@dataclass(frozen=True)
class Held:
    """A device that a claim has.

    :ivar uuid: of the GPU or MIG device.
    :ivar share: id of the share; empty if the claim has the whole device.
    :ivar made: whether it is a MIG device that was created for the claim.
    """

    request: str
    pool: str
    device: str
    admin: bool
    uuid: str
    share: str = ""
    made: bool = False


@dataclass(frozen=True)
class Prepared:
    """A claim that was prepared."""

    namespace: str
    name: str
    devices: tuple[Held, ...]


class Store:
    """The prepared claims, by UID.

    :arg directory: the driver's directory below the kubelet's ``plugins``. The first claim creates it.
    :arg cdi_directory: the directory of CDI specifications.
    """

    def __init__(self, directory: str, cdi_directory: str) -> None:
        self._directory = directory
        self._path = os.path.join(directory, CHECKPOINT)
        self._cdi_directory = cdi_directory
        self.claims: dict[str, Prepared] = {}
        self._trouble = Once()
        self.load()

    def load(self) -> None:
        """Read the checkpoint again."""
        self.claims = self._read()

    def _read(self) -> dict[str, Prepared]:
        try:
            with open(self._path, encoding="utf-8") as file:
                data = json.load(file)
            if data["version"] != _VERSION:
                raise ValueError(f"version {data['version']!r} is not {_VERSION}")
            return {uid: _prepared(claim) for uid, claim in data["claims"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # The kubelet asks again for the claims of all running pods when it starts.
            self._trouble.say(f"{self._path}: can't be read ({described(error)}): no claim counts as prepared")
            return {}

    def put(self, uid: str, claim: Prepared) -> None:
        """Record a claim as prepared."""
        if self.claims.get(uid) != claim:
            self._save({**self.claims, uid: claim})

    def drop(self, uid: str) -> None:
        """Remove a claim and its specification. An unknown one is no error."""
        with suppress(FileNotFoundError):
            os.unlink(self.spec_path(uid))
        if uid in self.claims:
            self._save({one: claim for one, claim in self.claims.items() if one != uid})

    def _save(self, claims: dict[str, Prepared]) -> None:
        if claims:
            os.makedirs(self._directory, mode=0o750, exist_ok=True)
            data = {"version": _VERSION, "claims": {uid: _stored(claim) for uid, claim in claims.items()}}
            _replace(self._path, json.dumps(data, indent=1).encode() + b"\n", 0o600)
        else:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
        self.claims = claims

    # -- specifications -----------------------------------------------------------------------------------------

    def spec_path(self, uid: str) -> str:
        return os.path.join(self._cdi_directory, f"{_PREFIX}{uid}{_SUFFIX}")

    def has_spec(self, uid: str) -> bool:
        return os.path.exists(self.spec_path(uid))

    def write_spec(self, uid: str, content: bytes) -> None:
        os.makedirs(self._cdi_directory, mode=0o755, exist_ok=True)
        # The container runtime may run as another user.
        _replace(self.spec_path(uid), content, 0o644)

    def sweep(self) -> None:
        """Remove the specifications of claims that are not prepared, and what an interrupted write has left."""
        with suppress(FileNotFoundError):
            for name in os.listdir(self._cdi_directory):
                uid = name.removeprefix("." + _PREFIX if name.startswith(".") else _PREFIX).partition(".")[0]
                if name.startswith((_PREFIX, "." + _PREFIX)) and (name.startswith(".") or uid not in self.claims):
                    with suppress(FileNotFoundError):
                        os.unlink(os.path.join(self._cdi_directory, name))
                    log(f"removed {name}: no prepared claim has it")

    def close(self) -> None:
        """Remove the driver's directory if no claim is prepared."""
        if not self.claims:
            with suppress(OSError):  # not empty, or not there
                os.rmdir(self._directory)


def _stored(claim: Prepared) -> dict[str, Any]:
    """Without the mark that an earlier version of the driver does not know, where it is not needed."""
    data = asdict(claim)
    for one in data["devices"]:
        if not one["made"]:
            del one["made"]
    return data


def _prepared(data: dict[str, Any]) -> Prepared:
    devices = tuple(Held(**one) for one in data["devices"])
    return Prepared(data["namespace"], data["name"], devices)


def _replace(path: str, content: bytes, mode: int) -> None:
    """Write a file at once or not at all, also if the power fails."""
    directory, _slash, name = path.rpartition("/")
    temporary = os.path.join(directory, f".{name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
