# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The names of devices, and the devices of identifiers (pkg/nvcdi/namer.go, identifier.go)."""

from __future__ import annotations

from ..errors import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Optional

    from ..machine.model import Gpu, MigDevice

    Choice = tuple[Optional[Gpu], Optional[MigDevice]]


def gpu_names(gpu: Gpu, strategies: Iterable[str]) -> list[str]:
    """Return one name per strategy, in their order."""
    names = {"index": str(gpu.index), "type-index": f"gpu{gpu.index}", "uuid": gpu.uuid}
    return [names[strategy] for strategy in strategies]


def mig_names(gpu: Gpu, mig: MigDevice, strategies: Iterable[str]) -> list[str]:
    """Return one name per strategy, in their order."""
    names = {
        "index": f"{gpu.index}:{mig.index}",
        "type-index": f"mig{gpu.index}:{mig.index}",
        "uuid": mig.uuid,
    }
    return [names[strategy] for strategy in strategies]


def select(gpus: Sequence[Gpu], wanted: Iterable[str], none_is_known: bool) -> list[Choice]:
    """Return (GPU, MIG device or None) per identifier; (None, None) for ``none``.

    :raises SpecError: there is no device for an identifier.
    """
    by_name: dict[str, Choice] = {}
    for gpu in gpus:
        for name in gpu_names(gpu, ("index", "uuid")):
            by_name[name] = (gpu, None)
        for mig in gpu.mig_devices:
            for name in mig_names(gpu, mig, ("index", "uuid")):
                by_name[name] = (gpu, mig)
    if none_is_known:
        by_name["none"] = (None, None)
    chosen = []
    for name in wanted:
        if name not in by_name:
            raise SpecError(f'failed to construct device spec generators: no device has the ID "{name}"')
        chosen.append(by_name[name])
    return chosen
