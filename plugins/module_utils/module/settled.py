# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether objects of a cluster have come to where a wait for them ends. Pure. The fields are those of the Kubernetes API.

A Job is marked as complete one or two seconds after its pod has ended, because its controller collects such news. So a Job that runs one
pod once has ended with its pod.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Optional

    Object = Mapping[str, Any]

WAITED_FOR = ("DaemonSet", "Job", "Pod")
_ENDS = {"Succeeded": True, "Failed": False}
_CONDITIONS = {"Complete": True, "Failed": False}


def rolled_out(daemonset: Object, nodes: Optional[int] = None) -> bool:
    """Whether a pod of the newest template is ready on each selected node.

    :arg daemonset: the object, as the API server returns it.
    :arg nodes: the required number of nodes. If None, at least one.
    """
    status = daemonset.get("status") or {}
    # The status can still be that of an earlier template.
    if status.get("observedGeneration", 0) < daemonset["metadata"].get("generation", 0):
        return False
    scheduled = status.get("desiredNumberScheduled", 0)
    if scheduled != nodes if nodes is not None else scheduled < 1:
        return False
    return bool(scheduled == status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0))


def phase(pod: Object) -> str:
    """Return the phase of a pod, or the one that it will get, as soon as all of its containers have ended for good.

    The exit statuses decide it. The kubelet sets it about a second later, when it has removed the pod's network, too.
    """
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    now = str(status.get("phase", ""))
    containers = status.get("containerStatuses") or []
    if now in _ENDS or spec.get("restartPolicy") != "Never" or len(containers) != len(spec.get("containers") or ()):
        return now
    statuses = [((one.get("state") or {}).get("terminated") or {}).get("exitCode") for one in containers]
    if not statuses or None in statuses:
        return now
    return "Failed" if any(statuses) else "Succeeded"


def outcome(job: Object, pods: Iterable[Object] = ()) -> Optional[bool]:
    """Whether the Job has succeeded; None if it has not ended.

    :arg pods: of this and other Jobs.
    """
    status, spec = job.get("status") or {}, job.get("spec") or {}
    if status.get("succeeded"):
        return True
    for one in status.get("conditions") or []:
        if one["type"] in _CONDITIONS and one["status"] == "True":
            return _CONDITIONS[one["type"]]
    if spec.get("completions", 1) != 1:
        return None
    ends = [_ENDS.get(phase(pod)) for pod in pods if _owned(pod, job)]
    if True in ends:
        return True
    # Without a limit, another pod would be tried.
    return False if False in ends and spec.get("backoffLimit") == 0 else None


def wait_is_over(kinds: Sequence[str], found: Sequence[Sequence[Object]]) -> bool:
    """Whether all have ended or are ready, or one has failed. Pods of a DaemonSet don't end.

    :arg kinds: of the objects in each of ``found``.
    """
    objects = [(kind, one) for kind, some in zip(kinds, found) for one in some]
    pods = [one for kind, one in objects if kind == "Pod" and not _is_of_a_set(one)]
    ends: list[Optional[bool]] = [_ENDS.get(phase(pod)) for pod in pods]
    ends += [outcome(one, pods) for kind, one in objects if kind == "Job"]
    ready = all(rolled_out(one) for kind, one in objects if kind == "DaemonSet")
    return False in ends or (None not in ends and ready)


def _owned(pod: Object, job: Object) -> bool:
    return any(one["uid"] == job["metadata"].get("uid") for one in _owners(pod))


def _is_of_a_set(pod: Object) -> bool:
    return any(one["kind"] == "DaemonSet" for one in _owners(pod))


def _owners(pod: Object) -> list[dict[str, str]]:
    return pod["metadata"].get("ownerReferences") or []
