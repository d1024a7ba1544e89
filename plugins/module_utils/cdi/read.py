# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Specification files become data, as strictly as the CDI library reads them."""

from __future__ import annotations

import gc

from ..errors import SpecError
from .validate import TEXT_FIELDS, problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .spec import Spec


# No field is deeper. What is deeper is not converted.
_DEPTH = 8

# Deeper documents are not read at all.
_MOST_DEPTH = 200
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEP)

_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_MAP = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
# YAML 1.1 gives dates, a lone = and << tags of their own; for a specification they are texts.
_TEXT_TAGS = frozenset((_STR, _MERGE, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"))


def parse(path: str, content: bytes) -> Spec:
    """Return a specification as runtimes read it: a number is text where text is wanted (``name: 0`` without quotes).

    :arg path: for the message.
    :raises SpecError: the file is not YAML or JSON, or no CDI library would accept it.
    """
    data, found = _without_collector(_parse, path, content)
    if found or not isinstance(data, dict):  # problems() finds one in everything but a mapping
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise SpecError(f"{path}: {found[0]}{more}")
    return data


def _parse(path: str, content: bytes) -> tuple[Any, list[str]]:
    data = load(path, content)
    if isinstance(data, dict):
        _to_texts(data, False, _DEPTH)
    return data, problems(data)


def _to_texts(data: Any, text: bool, depth: int) -> None:
    """Convert scalars in place, like sigs.k8s.io/yaml, which reads specifications in Go."""
    if not depth:
        return
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        wanted = text or key in TEXT_FIELDS
        if isinstance(value, (dict, list)):
            _to_texts(value, wanted, depth - 1)
        elif wanted and isinstance(value, (bool, int, float)):
            data[key] = str(value).lower()


def _without_collector(function: Callable[..., Any], *arguments: object) -> Any:
    """Call *function* without the collector of cycles, which takes longer than all the rest if there are many objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return function(*arguments)
    finally:
        if enabled:
            gc.enable()


def load(path: str, content: bytes) -> object:
    """Return the data of a YAML or JSON file, whatever it is. No two places in it share an object.

    :raises SpecError: it can't be read: bad syntax, a key twice in one map, or excessive aliasing.
    """
    if not content.strip():
        return None
    try:
        # JSON is YAML, but needs no PyYAML.
        if content.lstrip()[:1] == b"{":
            try:
                return _load_json(content)
            except _NotJson:
                pass
        return _without_collector(_load_yaml, content)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    except RecursionError:
        raise SpecError(f"{path}: is nested too deep") from None
    except MemoryError:
        raise SpecError(f"{path}: is too large") from None


class _NotJson(Exception):
    """It begins like JSON, but may be a YAML map in braces."""


def _load_json(content: bytes) -> object:
    import json

    if _open_brackets(content) > _MOST_DEPTH:
        raise _NotJson  # or brackets in texts: the reader of YAML tells them apart

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
    resolvers, scalar, sequence = base.yaml_implicit_resolvers, yaml.ScalarNode, yaml.SequenceNode

    class Loader(base):  # type: ignore[misc, valid-type]
        """Resolves tags as PyYAML does, without its hooks for paths, which take longer than the parser in C."""

        def descend_resolver(self, _node: Any, _index: Any) -> None:
            pass

        def ascend_resolver(self) -> None:
            pass

        def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
            if kind is scalar:
                if implicit[0]:
                    for tag, pattern in resolvers.get(value[:1], ()):
                        if pattern.match(value):
                            return str(tag)
                return _STR
            return _SEQUENCE if kind is sequence else _MAP

    loader = None
    try:
        _check_depth(yaml, base, content)
        loader = Loader(content)
        node = loader.get_single_node()
        if node is None:
            return None
        if b"*" in content:
            _check_aliases(node)
        return _Data(loader).of(node)
    except (SpecError, RecursionError, MemoryError):
        raise
    except Exception as error:
        # Besides YAMLError, constructors raise what they happen to run into (a 13th month, an unhashable key, ...).
        raise SpecError(f"not YAML: {_said(error)}") from None
    finally:
        if loader is not None:
            loader.dispose()


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _check_depth(yaml: Any, loader: Any, content: bytes) -> None:
    """Refuse a document that is nested too deep: the parser in C calls itself for each level until the process crashes.

    A collection in block style begins in a column of its own, and one in flow style with a bracket. So short lines and few
    open brackets are enough for almost every file. Otherwise the events of the document are counted.

    :raises SpecError: it is nested too deep.
    """
    if _open_brackets(content) + max(map(len, content.splitlines())) <= _MOST_DEPTH:
        return
    depth = 0
    for event in yaml.parse(content, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MOST_DEPTH:
                raise SpecError(f"line {event.start_mark.line + 1}: nested more than {_MOST_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _open_brackets(content: bytes) -> int:
    """Return how many brackets are open at once, at most: those in texts count, too."""
    depth = deepest = 0
    for bracket in content.translate(None, _NO_BRACKETS):
        depth += _STEP[bracket]
        if depth > deepest:
            deepest = depth
    return deepest


def _check_aliases(top: Any) -> None:
    """Refuse a document whose aliases make it much larger, by the rule of go-yaml, which Go's CDI library uses.

    A node that is reached a second time is an alias. The sizes of nodes are counted once, so the check takes as long as
    the file has bytes, and not as long as the document would have.

    :raises SpecError: a node is in itself, or too many of the values are copies.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    copies = 0
    stack: list[tuple[Any, bool]] = [(top, False)]
    while stack:
        node, is_complete = stack.pop()
        name = id(node)
        children = _children(node)
        if is_complete:
            open_nodes.discard(name)
            sizes[name] = 1 + sum([sizes[id(child)] for child in children])
        elif name in open_nodes:
            raise SpecError(f"line {node.start_mark.line + 1}: an anchor's value contains itself")
        elif name in sizes:
            continue
        elif children:
            open_nodes.add(name)
            stack.append((node, True))
            stack += [(child, False) for child in reversed(children)]
        else:
            sizes[name] = 1
    size = sizes[id(top)]
    copies = size - len(sizes)
    # Up to 400,000 values 99 in 100 may be copies, from 4,000,000 on 10, and linearly between.
    least, most = 400_000, 4_000_000
    share = 0.99 - 0.89 * (min(max(size, least), most) - least) / (most - least)
    if copies > 100 and size > 1000 and copies / size > share:
        raise SpecError(f"excessive aliasing: aliases make {len(sizes)} values {size}")


def _children(node: Any) -> list[Any]:
    if node.id == "scalar":
        return []
    if node.id == "sequence":
        return list(node.value)
    return [one for pair in node.value for one in pair]


class _Data:
    """Makes data of nodes: as the safe constructor of PyYAML, but strict about keys, and faster."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def of(self, node: Any) -> object:
        """Return the data of *node*.

        :raises SpecError: a key is there twice, as the CDI library refuses it.
        """
        tag = node.tag
        if tag in _TEXT_TAGS and node.id == "scalar":
            return node.value
        if tag == _SEQUENCE and node.id == "sequence":
            return [self.of(child) for child in node.value]
        if tag != _MAP or node.id != "mapping":
            # A number, true, null, or a tag that is none of YAML's. The loader would remember it, and share it.
            found = self._loader.construct_object(node, deep=True)
            self._loader.constructed_objects.clear()
            return found
        for key_node, _value_node in node.value:
            if key_node.tag == _MERGE:
                self._loader.flatten_mapping(node)
                break
        found = {}
        for key_node, value_node in node.value:
            key = self.of(key_node)
            if key in found:
                raise SpecError(f"line {key_node.start_mark.line + 1}: key {key!r} is there twice")
            found[key] = self.of(value_node)
        return found


def pyyaml() -> Any:
    """The yaml module, which gpu-mockctl's interpreter finds only after site-packages are looked for.

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
