"""YAML with the place of every value, so that an error names line and column. Knows nothing of receivers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workers.errors import ConfigurationError, InputError

MAX_NODES = 20_000
"""A file of settings is far smaller; aliases of aliases could otherwise fill the memory."""

PathTo = tuple[str | int, ...]
"""The way to a value: keys and positions, from the top."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass
class Located:
    """The value of a YAML document, and where each part of it stands."""

    file: Path
    value: Any = None
    places: dict[PathTo, Place] = field(default_factory=dict)

    def where(self, path: PathTo) -> str:
        """`file:line:column` of the part at `path`, or of the nearest part around it."""
        while path and path not in self.places:
            path = path[:-1]
        return f"{self.file}:{self.places.get(path, Place(1, 1))}"


def read_yaml(file: Path) -> Located:
    """The one document in `file`. Raises InputError if it cannot be read, ConfigurationError if it is not YAML."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not UTF-8 text (byte {error.start})") from error
    try:
        return _Builder(file, yaml.SafeLoader(text)).build()
    except RecursionError:
        raise ConfigurationError(f"{file}:1:1: nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise ConfigurationError(f"{file}:{place}: not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        place = Place(len(before), len(before[-1]) + 1)
        raise ConfigurationError(f"{file}:{place}: not YAML: the control character {error.character:#x}") from None


class _Builder:
    """Turns yaml's nodes into values while it notes their places."""

    def __init__(self, file: Path, loader: yaml.SafeLoader) -> None:
        self.found = Located(file)
        self.loader = loader
        self.nodes = 0

    def build(self) -> Located:
        root = self.loader.get_single_node()
        if root is not None:
            self.found.value = self._value(root, (), frozenset())
        return self.found

    def _fail(self, node: yaml.Node, problem: str) -> ConfigurationError:
        return ConfigurationError(f"{self.found.file}:{_place(node)}: {problem}")

    def _value(self, node: yaml.Node, path: PathTo, around: frozenset[int]) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or id(node) in around:
            raise self._fail(node, "too large, or an alias that holds itself")
        self.found.places.setdefault(path, _place(node))
        inside = around | {id(node)}
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*path, i), inside) for i, child in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self.loader.construct_object(node)
        except ValueError as error:  # 2026-02-31 looks like a date and is none
            raise self._fail(node, "this value cannot be read; put it into quotes") from error

    def _mapping(self, node: yaml.MappingNode, path: PathTo, inside: frozenset[int]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key: Hashable = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._fail(key_node, "expected a word as the name of a field")
            if key in mapping:
                raise self._fail(
                    key_node, f"field {key!r} stands here a second time (first: {self.found.places[(*path, key)]})"
                )
            self.found.places[(*path, key)] = _place(key_node)
            mapping[key] = self._value(value_node, (*path, key), inside)
        return mapping


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
