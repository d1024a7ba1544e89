# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Reads specification files as strictly as the CDI library."""

from __future__ import annotations

from ..errors import SpecError
from .validate import TEXT_FIELDS, problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .spec import Spec


# No field is nested deeper. Deeper content is not validated.
_DEPTH = 8


def parse(path: str, content: bytes) -> Spec:
    """Read a specification as runtimes do: a number is text if the field is text (``name: 0`` without quotes).

    :arg path: for the message.
    :raises SpecError: the file is not YAML or JSON, or CDI libraries refuse it.
    """
    data = _with_texts(load(path, content), False, _DEPTH)
    found = problems(data)
    if found or not isinstance(data, dict):  # problems() finds one in everything but a mapping
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise SpecError(f"{path}: {found[0]}{more}")
    return data


def _with_texts(data: object, text: bool, depth: int) -> object:
    """Convert scalars like sigs.k8s.io/yaml, which reads specifications in Go."""
    if isinstance(data, dict) and depth:
        return {key: _with_texts(value, text or key in TEXT_FIELDS, depth - 1) for key, value in data.items()}
    if isinstance(data, list) and depth:
        return [_with_texts(value, text, depth - 1) for value in data]
    if text and isinstance(data, (bool, int, float)):
        return str(data).lower()
    return data


def load(path: str, content: bytes) -> object:
    """Return the data of a YAML or JSON file without validation.

    :raises SpecError: it can't be parsed, or a map has a key twice.
    """
    if not content.strip():
        return None
    try:
        # JSON is YAML, but does not need PyYAML.
        if content.lstrip()[:1] == b"{":
            try:
                return _load_json(content)
            except _NotJson:
                pass
        return _load_yaml(content)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


class _NotJson(Exception):
    """Begins like JSON, but may be a YAML map in braces."""


def _load_json(content: bytes) -> object:
    import json

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _value in pairs]
            raise SpecError(f"key {max(keys, key=keys.count)!r} is there twice")
        return found

    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise _NotJson from None


def _load_yaml(content: bytes) -> object:
    yaml = pyyaml()
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class StrictLoader(base):  # type: ignore[misc, valid-type]
        """Refuses duplicate keys, as the CDI library does."""

    def construct_map(loader: Any, node: Any, deep: bool = False) -> dict[object, object]:
        loader.flatten_mapping(node)
        found: dict[object, object] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if key in found:
                raise SpecError(f"line {key_node.start_mark.line + 1}: key {key!r} is there twice")
            found[key] = loader.construct_object(value_node, deep=True)
        return found

    StrictLoader.add_constructor("tag:yaml.org,2002:map", construct_map)
    # YAML 1.1 gives dates, a lone = and << tags of their own; for a specification they are texts.
    for tag in ("timestamp", "value", "merge"):
        StrictLoader.add_constructor(f"tag:yaml.org,2002:{tag}", base.construct_yaml_str)
    try:
        return yaml.load(content, Loader=StrictLoader)
    except SpecError:
        raise
    except Exception as error:
        # Besides YAMLError, constructors raise what they happen to run into (a 13th month, an unhashable key, ...).
        said = " ".join(str(error).split()) or type(error).__name__
        raise SpecError(f"not YAML: {said}") from None


def pyyaml() -> Any:
    """Import the yaml module. gpu-mockctl's interpreter must add site-packages first.

    :raises SpecError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        import site

        site.main()
        try:
            import yaml
        except ImportError:
            raise SpecError("PyYAML is needed to read YAML: install python3-yaml (or pip install PyYAML)") from None
    return yaml
