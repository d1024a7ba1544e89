# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a board in a machine definition: what ``nvidia-smi -q -x`` says about a GPU, as far as no other key says it.

In a definition it is a mapping of the elements of ``<gpu>`` by their names, nested as in the document. In the model it is a tuple of
(path, text) in document order, in which ``/`` joins the names of a path. A repeated element has a number in its name from the second
one on, such as ``entry#2``. Three elements have a form of their own:

- ``from_driver``: the version of the driver whose document this is. The report then has every element of the document that does not
  follow from other keys. Without it, elements that the report does not have follow from the driver's branch.
- ``supported_clocks``: for each memory clock the graphics clocks as ``highest-lowest/step``, all in MHz (see document/clocks.py).
- ``query``: fields of ``--query-gpu`` that do not follow from the document, such as ``inforom.checksum_validation``.
"""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError

FROM_DRIVER = "from_driver"
_DEEPEST = 8
_MOST = 4096
_MOST_CHARACTERS = 1 << 16


def check(where: str, facts: object) -> None:
    """Check the ``report`` of a user's definition.

    :raises ParameterError: not a mapping of names to texts or to further mappings.
    """
    _walk(where, facts, "", [])


def build(facts: object) -> tuple[tuple[str, str], ...]:
    """Return the (path, text) of a mapping that :func:`check` has accepted."""
    pairs: list[tuple[str, str]] = []
    _walk("report", facts, "", pairs)
    return tuple(pairs)


def check_each(where: str, facts: object, most: int) -> None:
    """Check the ``gpu_reports``: a report per GPU, with what differs from the shared one.

    :raises ParameterError: not a list of at most *most* such mappings.
    """
    if not isinstance(facts, (list, tuple)) or len(facts) > most:
        raise ParameterError(where, facts, f"a list of mappings, at most {most}, one per GPU")
    for index, report in enumerate(facts):
        check(f"{where}[{index}]", report)


def nested(pairs: tuple[tuple[str, str], ...]) -> dict[str, object]:
    """Return the mapping of a definition for (path, text)."""
    facts: dict[str, object] = {}
    for path, text in pairs:
        *parents, name = path.split("/")
        place = facts
        for parent in parents:
            place = place.setdefault(parent, {})  # type: ignore[assignment]
        place[name] = text
    return facts


def _walk(where: str, facts: object, prefix: str, pairs: list[tuple[str, str]]) -> None:
    if not isinstance(facts, dict):
        raise ParameterError(where, facts, "a mapping of the elements of nvidia-smi -q -x to their texts")
    if prefix.count("/") > _DEEPEST:
        raise ParameterError(where, prefix, f"a mapping of at most {_DEEPEST} levels")
    for name, text in facts.items():
        if not isinstance(name, str) or not name or not name.isascii() or not name.isprintable() or "/" in name:
            raise ParameterError(where, name, "the name of an element: printable ASCII text without /")
        if isinstance(text, dict):
            _walk(where, text, f"{prefix}{name}/", pairs)
        elif isinstance(text, str) and len(text) <= _MOST_CHARACTERS:
            pairs.append((prefix + name, parameters.ascii_text(f"{where}.{prefix}{name}".replace("/", "."), text)))
        else:
            name = f"{where}.{prefix}{name}".replace("/", ".")
            raise ParameterError(name, text, 'text in quotes, such as "0 MiB" or "Enabled"')
        if len(pairs) > _MOST:
            raise ParameterError(where, len(pairs), f"a mapping of at most {_MOST} elements")
