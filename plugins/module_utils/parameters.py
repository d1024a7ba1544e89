# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Validation of user input. Each function returns the value in its canonical form or raises a ParameterError.

Strings are tested without regular expressions, because importing ``re`` would take a fifth of gpu-mockctl's run time.
"""

from __future__ import annotations

from .errors import ParameterError

_HEX = frozenset("0123456789abcdefABCDEF")
_DIGITS = frozenset("0123456789")


def integer(name: str, value: object, low: int, high: int, place: str = "") -> int:
    """Return *value* as int if it is a whole number (or its decimal text) from *low* to *high*. *place* is the position in *name*."""
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and 0 < len(value) < 20 and _DIGITS.issuperset(value):
        number = int(value)
    if number is None or not low <= number <= high:
        raise ParameterError(name, value, f"a whole number from {low} to {high}", place)
    return number


def major(name: str, value: object) -> int:
    """The major number of a character device: 1 to 511 (CHRDEV_MAJOR_MAX of Linux is 512)."""
    return integer(name, value, 1, 511)


def text(name: str, value: object) -> None:
    """Refuse a value that YAML has read as something other than text, such as 570.190, which is the number 570.19.

    :raises ParameterError: a number, a truth value or a date.
    """
    if isinstance(value, (bool, int, float)) or type(value).__name__ in ("date", "datetime"):
        what = (
            "a truth value" if isinstance(value, bool) else "a number" if isinstance(value, (int, float)) else "a date"
        )
        shown = value if isinstance(value, (int, float)) else str(value)
        raise ParameterError(name, shown, f"text: quote it, because without quotes YAML reads it as {what}")


def string(name: str, value: object) -> str:
    """Return *value* if it is text without control characters."""
    text(name, value)
    if not isinstance(value, str) or not value.isprintable():
        raise ParameterError(name, value, "text without control characters")
    return value


def ascii_text(name: str, value: object) -> str:
    """Return *value* if it is printable ASCII text, possibly empty."""
    text(name, value)
    if not isinstance(value, str) or not value.isascii() or not (value.isprintable() or not value):
        raise ParameterError(name, value, "printable ASCII text")
    return value


def product_name(name: str, value: object) -> str:
    """A name for NVML: 1 to 95 printable ASCII characters (NVML_DEVICE_NAME_V2_BUFFER_SIZE is 96)."""
    text(name, value)
    if (
        not isinstance(value, str)
        or not value.isascii()
        or not value.isprintable()
        or not 0 < len(value) < 96
        or value != value.strip()
    ):
        raise ParameterError(name, value, "1 to 95 printable ASCII characters without blanks at the ends")
    return value


def driver_version(name: str, value: object) -> str:
    """``<branch>.<minor>`` or ``<branch>.<minor>.<patch>``, each a number, for example 550.54.15."""
    text(name, value)
    parts = value.split(".") if isinstance(value, str) else []
    if not 2 <= len(parts) <= 3 or not all(0 < len(part) <= 4 and _DIGITS.issuperset(part) for part in parts):
        raise ParameterError(name, value, "an NVIDIA driver version such as 550.54.15")
    return str(value)


def two_numbers(name: str, value: object) -> tuple[int, int]:
    """``<major>.<minor>`` as a pair: CUDA versions, compute capabilities."""
    text(name, value)
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 2 or not all(0 < len(part) <= 3 and _DIGITS.issuperset(part) for part in parts):
        raise ParameterError(name, value, "text of the form <major>.<minor>, such as '12.4' (quoted in YAML)")
    return int(parts[0]), int(parts[1])


def hex_digits(name: str, value: object, count: int) -> str:
    """Exactly *count* hexadecimal digits."""
    text(name, value)
    if not isinstance(value, str) or len(value) != count or not _HEX.issuperset(value):
        raise ParameterError(name, value, f"{count} hexadecimal digits")
    return value


def vbios(name: str, value: object) -> str:
    """A VBIOS version: five pairs of hexadecimal digits joined by dots."""
    text(name, value)
    parts = value.split(".") if isinstance(value, str) else []
    if len(parts) != 5 or not all(len(part) == 2 and _HEX.issuperset(part) for part in parts):
        raise ParameterError(name, value, "five pairs of hexadecimal digits joined by dots, such as 92.00.45.00.03")
    return str(value)


def bus_id(name: str, value: object) -> str:
    """A PCI bus ID, ``dddd:bb:dd.f``. An 8-digit domain is allowed. Returned in lower case, with a 4-digit domain if possible."""
    text(name, value)
    if isinstance(value, str) and value.isascii():
        domain, _colon, rest = value.lower().partition(":")
        shape = "".join("h" if character in _HEX else character for character in rest)
        good = len(domain) in (4, 8) and _HEX.issuperset(domain) and shape == "hh:hh.h"
        if good and int(rest[3:5], 16) < 32 and int(rest[6], 16) < 8:
            short = domain[4:] if len(domain) == 8 and domain.startswith("0000") else domain
            return f"{short}:{rest}"
    raise ParameterError(name, value, "a PCI bus id such as 0000:07:00.0")


def bus_ids(name: str, value: object) -> list[str]:
    """A list of distinct PCI bus IDs."""
    if not isinstance(value, (list, tuple)):
        raise ParameterError(name, value, "a list of PCI bus ids such as 0000:07:00.0")
    result = [bus_id(name, item) for item in value]
    _distinct(name, result)
    return result


def pci_domain(name: str, value: object) -> int:
    """A PCI domain: 1 to 8 hexadecimal digits, as text. Returned as a number."""
    text(name, value)
    if not isinstance(value, str) or not 1 <= len(value) <= 8 or not _HEX.issuperset(value):
        raise ParameterError(name, value, "a PCI domain of 1 to 8 hexadecimal digits, such as 0001 (quoted in YAML)")
    return int(value, 16)


def gpu_uuid(name: str, value: object, prefix: str = "GPU-") -> str:
    """*prefix* and a UUID of hexadecimal digits in groups of 8-4-4-4-12, lower case."""
    text(name, value)
    if isinstance(value, str) and value.startswith(prefix):
        groups = value[len(prefix) :].split("-")
        if [len(group) for group in groups] == [8, 4, 4, 4, 12] and all(map(_HEX.issuperset, groups)):
            return prefix + value[len(prefix) :].lower()
    raise ParameterError(name, value, f"a UUID such as {prefix}12345678-1234-1234-1234-123456789abc")


def gpu_uuids(name: str, value: object) -> list[str]:
    """A list of distinct GPU UUIDs."""
    if not isinstance(value, (list, tuple)):
        raise ParameterError(name, value, "a list of UUIDs such as GPU-12345678-1234-1234-1234-123456789abc")
    result = [gpu_uuid(name, item) for item in value]
    _distinct(name, result)
    return result


def serials(name: str, value: object) -> list[str]:
    """A list of board serial numbers. Several GPUs of a board have the same one."""
    allowed = "a list of serial numbers of up to 30 letters and digits, such as '1650123456789' (quoted in YAML)"
    if not isinstance(value, (list, tuple)):
        raise ParameterError(name, value, allowed)
    for item in value:
        text(name, item)
        if not isinstance(item, str) or not item.isascii() or not item.isalnum() or len(item) > 30:
            raise ParameterError(name, item, allowed)
    return list(value)


def absolute_path(name: str, value: object, root_allowed: bool = False) -> str:
    """An absolute path without ``.``, ``..``, control characters or NUL. Returned without repeated and trailing slashes."""
    text(name, value)
    if not isinstance(value, str) or not value.startswith("/") or not value.isprintable():
        raise ParameterError(name, value, "an absolute path, such as /run/nvidia/driver")
    parts = [part for part in value.split("/") if part]
    if "." in parts or ".." in parts:
        raise ParameterError(name, value, "an absolute path without '.' and '..' in it")
    if any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts) or len(value) > 4000:
        raise ParameterError(name, value, "an absolute path whose parts have at most 255 bytes")
    if not parts and not root_allowed:
        raise ParameterError(name, value, "an absolute path below /")
    return "/" + "/".join(parts)


def instance_name(name: str, value: object) -> str:
    """The name of a mock beside another on one node: up to 32 letters, digits, dots, dashes and underscores."""
    text(name, value)
    if isinstance(value, str) and 0 < len(value) <= 32 and value.isascii() and value[0].isalnum():
        plain = value.replace(".", "").replace("-", "").replace("_", "")
        if plain.isalnum():
            return value
    raise ParameterError(name, value, "1 to 32 letters, digits, '.', '-' and '_', the first a letter or digit")


def mode(name: str, value: object) -> int:
    """A file mode: octal text such as '0666', or its number; 0 to 0777."""
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and 0 < len(value.removeprefix("0o")) <= 5:
        digits = value.removeprefix("0o")
        if frozenset("01234567").issuperset(digits):
            number = int(digits, 8)
    if number is None or not 0 <= number <= 0o777:
        raise ParameterError(name, value, "an octal file mode from '0000' to '0777', quoted in YAML")
    return number


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """Exactly one of the texts *allowed*."""
    text(name, value)
    if not isinstance(value, str) or value not in allowed:
        raise ParameterError(name, value, "one of " + ", ".join(allowed))
    return value


def _distinct(name: str, values: list[str]) -> None:
    for position, item in enumerate(values):
        if item in values[:position]:
            raise ParameterError(name, item, "given once only")
