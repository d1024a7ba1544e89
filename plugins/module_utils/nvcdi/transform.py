# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""``nvidia-ctk cdi transform root``: a specification for a node with another root (pkg/nvcdi/transform/root).

Like the tool, it keeps the version of the input, and does not sort or remove duplicates. So a specification can require a higher version
afterwards, and is then refused.
"""

from __future__ import annotations

from ..cdi.spec import canonical
from ..errors import ParameterError, SpecError
from ..host.view import clean
from .releases import release as release_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cdi.spec import Edits, Entry, Spec

HOST = "host"
CONTAINER = "container"
RELATIVE_TO = (HOST, CONTAINER)


class RootTransform:
    """Replaces one root by another in the paths of a specification.

    :arg old: the prefix that is replaced; ``""`` is ``/``.
    :arg new: its replacement.
    :arg relative_to: ``host``: paths on the node; ``container``: paths in the container.
    :arg toolkit_release: the release whose rules are followed.
    :raises ParameterError: ``relative_to`` has another value.
    """

    def __init__(self, old: str, new: str, relative_to: str, toolkit_release: str) -> None:
        if relative_to not in RELATIVE_TO:
            raise ParameterError("relative_to", relative_to, "one of " + ", ".join(RELATIVE_TO))
        self._whole = release_named(toolkit_release).whole_component_roots
        self._old = old or "/" if self._whole else old
        self._new = new
        self._host = relative_to == HOST

    def __call__(self, spec: Spec) -> Spec:
        """Return a transformed copy of a valid specification.

        :raises SpecError: the copy is not valid, because host paths require version 0.5.0.
        """
        from ..cdi.validate import problems

        # Nothing of the copy is shared: the names of a device have the same edits where they were generated.
        spec = canonical(spec)
        if self._old == self._new:
            return spec
        for owner in (spec, *spec["devices"]):
            self._edits(owner.get("containerEdits") or {})
        spec = canonical(spec)
        for problem in problems(spec):
            raise SpecError(f"failed to write spec: invalid CDI Spec: {problem}")
        return spec

    def path(self, path: str) -> str:
        """The path with the old root replaced by the new one."""
        if self._whole:
            root = clean(self._old)
            if root == "/":
                return clean(f"{self._new}/{path}") if path.startswith("/") else path
            if path != root and not path.startswith(root + "/"):
                return path
            return clean(f"{self._new}/{path[len(root) :]}")
        if not path.startswith(self._old):
            return path
        return _join(self._new, path[len(self._old) :])

    def _edits(self, edits: Edits) -> None:
        for node in edits.get("deviceNodes") or ():
            self._node(node)
        for mount in edits.get("mounts") or ():
            field = "hostPath" if self._host else "containerPath"
            mount[field] = self.path(mount[field])
        for hook in edits.get("hooks") or ():
            self._hook(hook)

    def _node(self, node: Entry) -> None:
        if self._host:
            # A path that is the same on the node is said only once; here it is said, also where nothing changes.
            node["hostPath"] = self.path(node.get("hostPath") or node["path"])
        else:
            node["path"] = self.path(node["path"])

    def _hook(self, hook: Entry) -> None:
        in_container = hook["hookName"] == "startContainer"
        if in_container != self._host:
            hook["path"] = self.path(hook["path"])
        # Arguments speak of the container's paths in the hooks that work in its namespaces.
        container_arguments = hook["hookName"] in ("createContainer", "startContainer")
        if container_arguments != self._host and hook.get("args"):
            hook["args"] = [self._argument(argument) for argument in hook["args"]]

    def _argument(self, argument: str) -> str:
        target, separator, link = argument.partition("::")
        if not separator:
            return self.path(argument)
        return f"{self.path(target)}::{self.path(link)}"


def _join(first: str, rest: str) -> str:
    """Go's ``filepath.Join``: what is empty is left out, the rest cleaned."""
    joined = "/".join([part for part in (first, rest) if part])
    if not joined:
        return ""
    return clean(joined) if joined.startswith("/") else clean("/" + joined)[1:]
