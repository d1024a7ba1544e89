# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The syntax of names in specifications: kinds, devices, annotations.

Sources: pkg/parser of the CDI library; Kubernetes' rules for annotations, which internal/validation/k8s has taken over.
"""

from __future__ import annotations

from ..errors import shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DIGITS = frozenset("0123456789")
_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
_LETTERS = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ALPHANUMERIC = _LETTERS | _DIGITS
_ANNOTATIONS_LIMIT = 256 * 1024
_PREFIX_LIMIT = 253
_NAME_LIMIT = 63


def kind_problem(kind: str) -> str:
    """What is wrong with a kind (``vendor/class``), empty if nothing is."""
    vendor, _slash, name = kind.partition("/")
    if not vendor or not name:
        return f'"{one_line(kind)}" must be VENDOR/CLASS, such as nvidia.com/gpu'
    return _part_problem("vendor", vendor) or _part_problem("class", name)


def _part_problem(part: str, name: str) -> str:
    if name[0] not in _LETTERS:
        return f'invalid {part}. "{one_line(name)}", should start with letter'
    problem = _characters_problem(name, "_-.", "name")
    if problem:
        return f"invalid {part}. {problem}"
    if name[-1] not in _ALPHANUMERIC:
        return f'invalid {part}. "{one_line(name)}", should end with a letter or digit'
    if len(name) == 1:
        return f'invalid {part}. "{name}", should have two characters or more: podman and nvidia-ctk crash on one'
    return ""


def device_name_problem(name: str) -> str:
    """What is wrong with a device's name, empty if nothing is."""
    if not name:
        return "invalid (empty) device name"
    if name[0] not in _ALPHANUMERIC:
        return f'invalid name "{one_line(name)}", should start with a letter or digit'
    problem = _characters_problem(name, "_-.:", "device name")
    if problem:
        return problem
    if name[-1] not in _ALPHANUMERIC:
        return f'invalid name "{one_line(name)}", should end with a letter or digit'
    return ""


def _characters_problem(name: str, punctuation: str, said: str) -> str:
    for char in name[1:-1]:
        if char not in _ALPHANUMERIC and char not in punctuation:
            return f"invalid character '{one_line(char)}' in {said} \"{one_line(name)}\""
    return ""


def annotation_problems(where: str, annotations: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with annotations: keys are qualified names, and all of it has a limit."""
    size = 0
    for key, value in annotations.items():
        size += len(key.encode("utf-8", "surrogatepass")) + len(value.encode("utf-8", "surrogatepass"))
        if not _is_qualified(key.lower()):
            yield f'{where}: invalid key "{one_line(key)}": must be NAME or PREFIX/NAME as in Kubernetes'
    if size > _ANNOTATIONS_LIMIT:
        yield f"{where}: annotations size {size} is larger than limit {_ANNOTATIONS_LIMIT}"


def _is_qualified(key: str) -> bool:
    prefix, separator, name = key.rpartition("/")
    if separator and not (len(prefix) <= _PREFIX_LIMIT and all(_is_label(label) for label in prefix.split("."))):
        return False
    return 0 < len(name) <= _NAME_LIMIT and _is_word(name, _ALPHANUMERIC, "-_.")


def _is_label(label: str) -> bool:
    return _is_word(label, _LOWER | _DIGITS, "-")


def _is_word(word: str, ends: frozenset[str], punctuation: str) -> bool:
    if not word or word[0] not in ends or word[-1] not in ends:
        return False
    return all(char in ends or char in punctuation for char in word)


def one_line(text: str) -> str:
    """The text on one line, whatever is in it."""
    return shortened(text, 80).encode("unicode_escape").decode("ascii")
