# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which Jobs are kept, and which have ended. Pure. The fields are those of JobStatus in the Kubernetes API (batch/v1).

A Job's template can't be changed. So each Job has a checksum of its content, and a Job with other content is replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.nvmock.gpu.plugins.module_utils.module.settled import outcome

Job = Mapping[str, Any]

CONTENT = "nvmock.gpu/content"
PART = "nvmock.gpu/part"


def marked(job: Job) -> dict[str, Any]:
    """Return the Job with the checksum of its content as an annotation."""
    content = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
    metadata = job["metadata"]
    annotations = {**(metadata.get("annotations") or {}), CONTENT: content}
    return {**job, "metadata": {**metadata, "annotations": annotations}}


def plan(wanted: Iterable[Job], found: Iterable[Job], parts: Collection[str], rerun: bool) -> dict[str, Any]:
    """Plan which Jobs of some parts to create and to remove.

    :arg wanted: the Jobs that should exist, without the checksum. ``found`` are the existing Jobs, of all parts.
    :arg parts: the values of their label nvmock.gpu/part.
    :arg rerun: replace all existing Jobs.

    Returns ``wanted``, with the checksum; ``found``, those of the parts; ``missing``, the parts that have no Job; ``new``, the Jobs to
    create; ``kept``, ``stale`` (to remove) and ``done``: names of existing Jobs. A Job that failed, or that is being deleted, is stale.
    """
    wanted = [marked(job) for job in wanted]
    found = [job for job in found if (job["metadata"].get("labels") or {}).get(PART) in parts]
    contents = {_content(job) for job in wanted}
    kept = [job for job in found if not rerun and _content(job) in contents and _is_well(job)]
    names = [_name(job) for job in kept]
    return {
        "wanted": wanted,
        "found": found,
        "kept": names,
        "missing": [part for part in parts if part not in {job["metadata"]["labels"][PART] for job in found}],
        "new": [job for job in wanted if _name(job) not in names],
        "stale": [name for name in map(_name, found) if name not in names],
        "done": [_name(job) for job in kept if "succeeded" in _status(job)],
    }


def ended(jobs: Iterable[Job], pods: Collection[Mapping[str, Any]] = ()) -> list[str]:
    """Return the names of the Jobs that have succeeded or failed.

    :arg pods: of these Jobs. With them, a Job has ended when its pod has.
    """
    return [_name(job) for job in jobs if outcome(job, pods) is not None]


def succeeded(jobs: Iterable[Job], pods: Collection[Mapping[str, Any]] = ()) -> list[str]:
    """Return the names of the Jobs that have succeeded; see `ended`."""
    return [_name(job) for job in jobs if outcome(job, pods)]


def _content(job: Job) -> str:
    return str((job["metadata"].get("annotations") or {}).get(CONTENT, ""))


def _is_well(job: Job) -> bool:
    return not _status(job).get("failed") and "deletionTimestamp" not in job["metadata"]


def _name(job: Job) -> str:
    return str(job["metadata"]["name"])


def _status(job: Job) -> Job:
    return job.get("status") or {}
