# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Prepare and Unprepare: which pods get which devices.

Prepare can be repeated. Unprepare needs neither the API server nor the machine, because the kubelet keeps a pod Terminating until it
has succeeded.
"""

from __future__ import annotations

import http.client
import re
import threading
from typing import TYPE_CHECKING, Any

from device_plugin.api_server import ApiError
from device_plugin.log import Once, described, log, one_line
from nvmock_gpu.errors import NvmockError

from .claim_spec import claim_spec
from .claims import ClaimError, results_of
from .kubelet_api import Device
from .names import CDI_KIND, GROUP, cdi_device
from .store import Held, Prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from device_plugin.api_server import ApiServer

    from .claim_spec import Edits
    from .claims import Result
    from .cutter import Cutter
    from .devices import OfferedDevice
    from .kubelet_api import Claim
    from .store import Store

_UID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Preparation:
    """The claims of one node.

    :arg pool: name of the node's pool, which is the node's name.
    :arg cutter: creates and destroys MIG devices; None if they are not created on demand.
    """

    def __init__(self, server: ApiServer, store: Store, pool: str, cutter: Cutter | None = None) -> None:
        self._server = server
        self._cutter = cutter
        self._store = store
        self._pool = pool
        self._lock = threading.Lock()
        self._devices: dict[str, tuple[str, tuple[Edits, Edits] | None]] = {}
        self._partitions: frozenset[str] = frozenset()
        self._on_demand: frozenset[str] = frozenset()
        self._problems: dict[str, str] = {}
        self._trouble = Once()

    def dynamic(self) -> frozenset[int]:
        """The indices of the GPUs that are cut on demand."""
        if self._cutter is None:
            return frozenset()
        with self._lock:
            return self._cutter.dynamic(self._store.claims.values())

    @property
    def problems(self) -> dict[str, str]:
        """Why devices that were made for claims do not exist, by name."""
        return self._problems

    def update(
        self,
        devices: Mapping[str, tuple[str, tuple[Edits, Edits] | None]],
        offered: Iterable[OfferedDevice] = (),
    ) -> None:
        """Take over what the node offers now, and write the specifications that are missing.

        :arg devices: by name, the UUID and the edits of each device; None if no specification defines it.
        :arg offered: the devices.
        """
        with self._lock:
            self._devices = dict(devices)
            self._partitions = frozenset(one.name for one in offered if one.is_partition)
            self._on_demand = frozenset(one.name for one in offered if one.counters)
            self._cut_again()
            for uid, claim in self._store.claims.items():
                if self._store.has_spec(uid):
                    continue
                try:
                    self._write(uid, claim)
                    log(f"wrote the CDI specification of claim {claim.namespace}/{claim.name} again")
                    self._trouble.over(uid)
                except (NvmockError, OSError) as error:
                    self._trouble.say(
                        f"the CDI specification of claim {claim.namespace}/{claim.name} is missing: {error}", uid
                    )

    def _cut_again(self) -> None:
        """Create the MIG devices of claims that were lost, as by a run that cuts the GPUs as its options say."""
        if self._cutter is None:
            return
        try:
            problems = self._cutter.fit(self._store.claims.values())
            self._trouble.over("cut")
        except (NvmockError, OSError) as error:
            self._trouble.say(f"MIG devices of claims: {error}", "cut")
            return
        for name, why in problems.items():
            self._trouble.say(f"{name} is lost: {why}: delete its pod, or remove that layout", name)
        for name in self._problems.keys() - problems.keys():
            self._trouble.over(name)
        self._problems = problems
        for claim in self._store.claims.values():
            for held in claim.devices:
                if held.made and self._devices.get(held.device, ("", None))[1] is None:
                    self._devices[held.device] = self._cutter.find(held.device)

    def prepare(self, claim: Claim) -> tuple[list[Device], str]:
        """The devices for the kubelet, and why there are none."""
        who = f"claim {claim.namespace}/{claim.name}"
        try:
            prepared = self._prepare(claim)
        except (NvmockError, OSError) as error:
            log(f"{who}: not prepared: {error}")
            return [], one_line(f"{who}: {error}")
        except Exception as error:  # an object of a form that its reader does not expect
            log(f"{who}: not prepared: {described(error)}")
            return [], one_line(f"{who}: {described(error)}")
        log(f"{who}: prepared {' '.join(held.device for held in prepared.devices)}")
        return [
            Device(
                request_names=[held.request],
                pool_name=held.pool,
                device_name=held.device,
                cdi_device_ids=[f"{CDI_KIND}={cdi_device(claim.uid, held.device, held.share)}"],
                share_id=held.share or None,
            )
            for held in prepared.devices
        ], ""

    def unprepare(self, claim: Claim) -> str:
        """Release the devices of a claim.

        :returns: why it could not be done; the kubelet tries again.
        """
        if not _UID.fullmatch(claim.uid):
            return ""  # it can't have been prepared
        try:
            with self._lock:
                known = claim.uid in self._store.claims
                self._drop(claim.uid)
        except (NvmockError, OSError) as error:
            log(f"claim {claim.namespace}/{claim.name}: not released: {error}")
            return one_line(str(error))
        if known:
            log(f"claim {claim.namespace}/{claim.name}: released")
        return ""

    def _prepare(self, claim: Claim) -> Prepared:
        if not _UID.fullmatch(claim.uid):
            raise ClaimError(f"uid {claim.uid!r} is not allowed: must be a UUID")
        found = self._get(claim.namespace, claim.name)
        if found is None:
            raise ClaimError("it does not exist")
        if found["metadata"]["uid"] != claim.uid:
            raise ClaimError(
                f"its UID is {found['metadata']['uid']}, not {claim.uid}: it was deleted and created again"
            )
        results = results_of(found, self._pool)
        with self._lock:
            held = self._wanted(claim.uid, results)
        if not held:
            raise ClaimError("none of its devices exists now")
        prepared = Prepared(claim.namespace, claim.name, tuple(held))
        self._release_gone(claim.uid, prepared)
        with self._lock:
            other = self._user(claim.uid, prepared)
            if other is not None:
                uid, device = other
                user = self._store.claims[uid]
                raise ClaimError(f"{device} is in use by claim {user.namespace}/{user.name}")
            if self._store.claims.get(claim.uid) != prepared or not self._store.has_spec(claim.uid):
                self._make(claim.uid, prepared)
        return prepared

    def _wanted(self, uid: str, results: list[Result]) -> list[Held]:
        """What the claim is to have, by what it was allocated."""
        before = {held.device: held for held in self._held(uid)}
        found = []
        for one in results:
            known = before.get(one.device)
            uuid = self._devices.get(one.device, (None if known is None else known.uuid, None))[0]
            if uuid is None:
                raise ClaimError(f"this node has no device {one.device}")
            if (
                one.admin
                and one.device in self._on_demand
                and self._cutter
                and self._cutter.find(one.device)[1] is None
            ):
                continue  # nothing is created for monitoring
            made = one.device in self._partitions and not one.admin
            if known is not None:
                uuid, made = known.uuid, made or known.made
            found.append(Held(one.request, one.pool, one.device, one.admin, uuid, one.share, made))
        return found

    def _make(self, uid: str, prepared: Prepared) -> None:
        """Make what a claim needs, or nothing."""
        before = self._store.claims.get(uid)
        if self._cutter is None:
            content = self._content(uid, prepared)
            # In this order: a specification that is not there is written again for a claim in the checkpoint.
            self._store.put(uid, prepared)
            self._store.write_spec(uid, content)
            return
        # First of all: a GPU with a MIG device that no claim has is not cut on demand.
        self._store.put(uid, prepared)
        try:
            problems = self._cutter.fit(self._store.claims.values())
            for held in prepared.devices:
                if held.device in problems:
                    raise ClaimError(problems[held.device])
                if held.made or held.device in self._on_demand:
                    self._devices[held.device] = self._cutter.find(held.device)
            self._store.write_spec(uid, self._content(uid, prepared))
        except BaseException:
            if before is None:
                self._undo(uid)
            raise

    def _undo(self, uid: str) -> None:
        try:
            self._drop(uid)
        except (NvmockError, OSError) as error:
            log(f"claim {uid}: what was made for it stays until it is prepared or released: {error}")

    def _drop(self, uid: str) -> None:
        """Remove a claim, after the MIG devices that were made for it."""
        claim = self._store.claims.get(uid)
        if self._cutter is not None and claim is not None and any(held.made for held in claim.devices):
            rest = [one for other, one in self._store.claims.items() if other != uid]
            self._cutter.fit(rest, claim)
        self._store.drop(uid)

    def _held(self, uid: str) -> tuple[Held, ...]:
        claim = self._store.claims.get(uid)
        return () if claim is None else claim.devices

    def _user(self, uid: str, prepared: Prepared) -> tuple[str, str] | None:
        """Another claim that has one of the devices, and the device."""
        wanted = {name: held.share for held in prepared.devices if not held.admin for name in (held.device, held.uuid)}
        for other, claim in self._store.claims.items():
            for held in claim.devices if other != uid else ():
                share = wanted.get(held.device, wanted.get(held.uuid))
                # The scheduler has seen to it that the shares of a device fit.
                if not held.admin and share is not None and not (share and held.share):
                    return other, held.device
                if not held.admin and self._overlaps(held, prepared):
                    return other, held.device
        return None

    def _overlaps(self, held: Held, prepared: Prepared) -> bool:
        """Whether a device excludes another one of the same GPU that *prepared* has."""
        if self._cutter is None:
            return False
        mine = [one.device for one in prepared.devices if not one.admin and one.device != held.device]
        return any(self._cutter.overlap(held.device, one) for one in mine)

    def _release_gone(self, uid: str, prepared: Prepared) -> None:
        """Release claims that have the devices, but no longer exist: their pods were deleted while no driver was here."""
        while True:
            with self._lock:
                other = self._user(uid, prepared)
                claim = None if other is None else self._store.claims[other[0]]
            if other is None or claim is None:
                return
            found = self._get(claim.namespace, claim.name)
            if (
                found is not None
                and found["metadata"]["uid"] == other[0]
                and (found.get("status") or {}).get("allocation")
            ):
                return
            log(f"claim {claim.namespace}/{claim.name}: released: it no longer exists")
            with self._lock:
                self._drop(other[0])

    def _content(self, uid: str, prepared: Prepared) -> bytes:
        edits = {}
        for held in prepared.devices:
            uuid, found = self._devices.get(held.device, ("", None))
            if uuid != held.uuid:
                raise ClaimError(f"{held.device} is no longer {held.uuid}: the node's machine has changed")
            if found is None:
                raise ClaimError(f"no valid CDI specification on this node defines {held.uuid}")
            edits[cdi_device(uid, held.device, held.share)] = found
        return claim_spec(edits)

    def _write(self, uid: str, prepared: Prepared) -> None:
        self._store.write_spec(uid, self._content(uid, prepared))

    def _get(self, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return self._server.call("GET", f"{GROUP}/namespaces/{namespace}/resourceclaims/{name}")
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise
