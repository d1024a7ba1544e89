# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What people read of this repository: documentation, names of tasks, messages, option texts, docstrings and comments.

A :class:`Text` is one of them, without what is code in it: fenced blocks and ``code`` in Markdown, Jinja expressions (of
which the quoted literals are texts of their own), and markup such as ``O(state)``, of which the word stays.
"""

from __future__ import annotations

import ast
import functools
import io
import pathlib
import re
import textwrap
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

import yaml

ROOT = pathlib.Path(__file__).parents[3]
_FOLDERS = (
    *(
        "docs",
        "roles",
        "playbooks",
        "plugins",
        "device_plugin",
        "dra_driver",
        "bin",
        "native",
        "scripts",
        "molecule",
        "images",
    ),
    *("changelogs", "meta", ".github", ".ci", ".config"),
)
_AT_THE_TOP = (
    "README.md",
    "CHANGELOG.md",
    "Makefile",
    "*.yml",
    "*.toml",
    "*.cfg",
    "requirements*.txt",
    ".ansible-lint",
)
_SHELL_PROGRAMS = ("scripts/", ".ci/", "molecule/runtimes/make-")
_PYTHON_PROGRAMS = ("bin/gpu-mockctl", "bin/gpu-mock-device-plugin", "bin/gpu-mock-dra-driver")
# Keys of YAML files whose values people read.
_YAML_KEYS = {"name", "msg", "fail_msg", "success_msg", "description", "short_description", "title", "notes", "label"}
# A literal shorter than this, or of one word, is a name or a key and no English.
_WORDS = re.compile(r"[A-Za-z]+\W+[A-Za-z]+")


class Text(NamedTuple):
    """One text: *path* relative to the repository, *line* where it begins (0: not known), *text* in one line."""

    path: str
    line: int
    text: str


@functools.cache
def texts() -> tuple[Text, ...]:
    """Return every text of the repository's own files."""
    found = []
    for path in _files():
        kind = _kind(path)
        if kind is not None:
            found += [
                Text(path, line, _one_line(text)) for line, text in kind((ROOT / path).read_text(encoding="utf-8"))
            ]
    return tuple(text for text in found if _WORDS.search(text.text))


def _files() -> list[str]:
    """Return the files that people read: not the tests, which have their own words for their cases."""
    found = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [path for pattern in _AT_THE_TOP for path in ROOT.glob(pattern)]
    return sorted(str(path.relative_to(ROOT)) for path in found if path.is_file() and "__pycache__" not in path.parts)


def _kind(path: str):
    if path.endswith(".md"):
        return _markdown
    if path.endswith((".yml", ".yaml", ".ansible-lint")):
        return _yaml
    if path.endswith(".py") or path in _PYTHON_PROGRAMS:
        return _python
    if path.endswith((".c", ".h", ".ld")):
        return _c
    if path.endswith((".sh", ".cfg", ".toml", ".txt", "Makefile", "Dockerfile")) or path.startswith(_SHELL_PROGRAMS):
        return _hash_comments
    if path.endswith(".j2"):
        return _template
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _markdown(source: str) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, list items, headings and table cells; lines of a paragraph are joined."""
    source = re.sub(r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), source, flags=re.M | re.S)
    paragraph: list[str] = []
    start = 1
    for number, line in enumerate([*source.splitlines(), ""], 1):
        begins = not line.strip() or re.match(r"\s*(?:#|\||[-*] |\d+\. )", line)
        if begins and paragraph:
            yield start, _no_code(" ".join(paragraph))
            paragraph = []
        if line.lstrip().startswith("|"):
            for cell in line.split("|"):
                yield number, _no_code(cell)
        elif line.strip():
            if not paragraph:
                start = number
            paragraph.append(line)


def _no_code(text: str) -> str:
    return re.sub(r"`[^`]*`", "`…`", re.sub(r"\]\([^)]*\)", "]", text))


def _no_markup(text: str) -> str:
    """Return the text without Ansible's and reStructuredText's markup, in which code stands."""
    text = re.sub(r"\b(?:O|V|RV|C|M|P|E|I|B|U|L)\(([^)]*)\)", "`…`", text)
    return re.sub(r"``?[^`]*``?", "`…`", text)


def _no_jinja(text: str) -> Iterator[str]:
    """Yield *text* without its Jinja expressions, then the quoted literals of these."""
    pattern = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
    yield pattern.sub("…", text)
    for expression in pattern.findall(text):
        yield from (literal[1:-1] for literal in re.findall(r"'[^']*'|\"[^\"]*\"", expression))


def _yaml(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments, and the texts of the keys that people read, however deep."""
    yield from _hash_comments(source)
    for document in yaml.compose_all(source, Loader=yaml.SafeLoader):
        yield from _yaml_node(document, read=False)


def _yaml_node(node, read: bool) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _yaml_node(
                value, read=key.value in _YAML_KEYS or str(key.value).endswith("_changes") or key.value == "bugfixes"
            )
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _yaml_node(item, read=read)
    elif isinstance(node, yaml.ScalarNode):
        parts = list(_no_jinja(node.value))
        for part in parts if read else parts[1:]:
            yield node.start_mark.line + 1, _no_markup(part)


def _hash_comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield blocks of lines that begin with #, and comments behind code."""
    block: list[str] = []
    for number, line in enumerate([*source.splitlines(), ""], 1):
        whole = re.match(r"\s*# ?(.*)", line)
        if whole:
            block.append(whole.group(1))
            continue
        if block:
            yield number - len(block), _no_markup(" ".join(block))
            block = []
        behind = re.search(r"\s##? (.*)", line)
        if behind:
            yield number, _no_markup(behind.group(1))


def _template(source: str) -> Iterator[tuple[int, str]]:
    """Yield lines with Jinja left out, the quoted literals of the expressions, and Jinja's comments."""
    plain, *literals = _no_jinja(source)
    yield from ((0, text) for text in (*plain.splitlines(), *literals, *re.findall(r"\{#(.*?)#\}", source, re.S)))


def _python(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments, docstrings, messages, and the documentation of modules."""
    comments: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#: ")
            if comments and comments[-1][0] + comments[-1][1].count("\n") + 1 == token.start[0]:
                comments[-1] = (comments[-1][0], comments[-1][1] + "\n" + text)
            else:
                comments.append((token.start[0], text))
    yield from ((line, _no_markup(text)) for line, text in comments)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, _no_markup("".join(_literal(value) for value in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, _no_markup(_only_texts(node.value))


def _literal(value) -> str:
    return value.value if isinstance(value, ast.Constant) else "…"


def _only_texts(literal: str) -> str:
    """Return *literal*, or "" if it is a program."""
    try:
        return "" if "\n" in literal.strip() and ast.parse(textwrap.dedent(literal)) else literal
    except SyntaxError:
        return literal


def _c(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments and the literals of C; lines of a comment are joined."""
    for match in re.finditer(r"/\*(.*?)\*/|\"((?:[^\"\\\n]|\\.)*)\"", source, re.S):
        text = match.group(1) if match.group(1) is not None else match.group(2)
        yield source.count("\n", 0, match.start()) + 1, _no_markup(re.sub(r"\n\s*\*", "\n", text))
    for match in re.finditer(r"//(.*)", source):
        yield source.count("\n", 0, match.start()) + 1, _no_markup(match.group(1))
