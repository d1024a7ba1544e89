# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which Jobs stay, and which are over. Pure. The fields are those of JobStatus in Kubernetes' API (batch/v1).

A Job's template can't be changed. So each Job carries a checksum of what it was made from: one of other content is replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

Job = Mapping[str, Any]

CONTENT = "nvmock.gpu/content"
PART = "nvmock.gpu/part"


def marked(job: Job) -> dict[str, Any]:
    """The Job with the checksum of its content as an annotation."""
    content = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
    metadata = job["metadata"]
    annotations = {**(metadata.get("annotations") or {}), CONTENT: content}
    return {**job, "metadata": {**metadata, "annotations": annotations}}


def plan(wanted: Iterable[Job], found: Iterable[Job], part: str, rerun: bool) -> dict[str, Any]:
    """What to do about the Jobs of a part.

    :arg wanted: Jobs, not marked yet. ``found`` are those that the API server has, of all parts.
    :arg part: the value of their label nvmock.gpu/part.
    :arg rerun: none that is there will do.

    Returns ``wanted``, marked; ``found``, those of the part; ``kept``, ``stale`` (to remove) and ``done``: names of Jobs that are
    there. A Job that failed, or that is being deleted, is stale.
    """
    wanted = [marked(job) for job in wanted]
    found = [job for job in found if (job["metadata"].get("labels") or {}).get(PART) == part]
    contents = {_content(job) for job in wanted}
    kept = [job for job in found if not rerun and _content(job) in contents and _is_well(job)]
    names = [_name(job) for job in kept]
    return {
        "wanted": wanted,
        "found": found,
        "kept": names,
        "stale": [name for name in map(_name, found) if name not in names],
        "done": [_name(job) for job in kept if "succeeded" in _status(job)],
    }


def ended(jobs: Iterable[Job]) -> list[str]:
    """The names of the Jobs that are complete or failed."""
    return [
        _name(job)
        for job in jobs
        if any(
            one["type"] in ("Complete", "Failed") and one["status"] == "True"
            for one in _status(job).get("conditions") or []
        )
    ]


def _content(job: Job) -> str:
    return str((job["metadata"].get("annotations") or {}).get(CONTENT, ""))


def _is_well(job: Job) -> bool:
    return not _status(job).get("failed") and "deletionTimestamp" not in job["metadata"]


def _name(job: Job) -> str:
    return str(job["metadata"]["name"])


def _status(job: Job) -> Job:
    return job.get("status") or {}
