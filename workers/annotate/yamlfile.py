"""YAML with line numbers: a file becomes plain values, and every value knows the line it stands on.

Only reading and complaining live here; what a file means is said by `ontology` and `lexicon`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from workers.errors import ConfigurationError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Value:
    """A YAML value and where it stands. `path` is the way to it in words, for messages."""

    raw: Any  # a str, int, float, bool or None; a list[Value]; or a dict[str, Value]
    file: str
    line: int
    path: str

    def fail(self, reason: str, *, hint: str | None = None) -> NoReturn:
        """Raise ConfigurationError: file, line, place, reason."""
        place = f" {self.path}:" if self.path else ""
        raise ConfigurationError(f"{self.file}:{self.line}:{place} {reason}", hint=hint)

    def mapping(self) -> dict[str, Value]:
        """The value as a mapping."""
        if not isinstance(self.raw, dict):
            self.fail(f"expected a mapping, found {_kind(self.raw)}")
        return self.raw

    def items(self) -> list[Value]:
        """The value as a list."""
        if not isinstance(self.raw, list):
            self.fail(f"expected a list, found {_kind(self.raw)}")
        return self.raw

    def text(self) -> str:
        """The value as text; a number is taken as it is written."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, str | int | float) or self.raw == "":
            self.fail(f"expected text, found {_kind(self.raw)}")
        return str(self.raw)

    def texts(self) -> tuple[str, ...]:
        """The value as a list of texts; a single text is a list of one."""
        if isinstance(self.raw, list):
            return tuple(item.text() for item in self.raw)
        return (self.text(),)

    def number(self, low: float, high: float) -> float:
        """The value as a number between `low` and `high`."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, int | float):
            self.fail(f"expected a number, found {_kind(self.raw)}")
        if not low <= self.raw <= high:
            self.fail(f"expected a number from {low:g} to {high:g}, found {self.raw:g}")
        return float(self.raw)

    def flag(self) -> bool:
        """The value as true or false."""
        if not isinstance(self.raw, bool):
            self.fail(f"expected true or false, found {_kind(self.raw)}")
        return self.raw


def _kind(raw: Any) -> str:
    if raw is None or raw == "":
        return "nothing"
    if isinstance(raw, dict):
        return "a mapping"
    if isinstance(raw, list):
        return "a list"
    return f"{raw!r}"


def read_yaml(path: Path, *, name: str | None = None) -> Value:
    """The document in `path`. Raises ConfigurationError if it cannot be read or is not YAML."""
    shown = name or str(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{shown}: cannot be read: {reason}") from error
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return Value({}, shown, 1, "")
            return _value(node, loader, shown, "")
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{shown}:{line}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{shown}: not YAML: {error}") from error


def _value(node: Any, loader: Any, file: str, path: str) -> Value:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Value] = {}
        for key, value in _pairs(node, file):
            if key in found:
                raise ConfigurationError(f"{file}:{value.start_mark.line + 1}: `{key}` is given twice")
            found[key] = _value(value, loader, file, f"{path}.{key}" if path else key)
        return Value(found, file, line, path)
    if isinstance(node, yaml.SequenceNode):
        return Value([_value(n, loader, file, f"{path}[{i}]") for i, n in enumerate(node.value)], file, line, path)
    # In lists of words `no` and `on` are words, so only unquoted true, false and numbers are anything but text.
    raw: Any = node.value
    if not node.style and node.tag.endswith((":int", ":float")):
        raw = loader.construct_object(node)
    elif not node.style and node.value.lower() in {"true", "false"}:
        raw = node.value.lower() == "true"
    return Value(raw, file, line, path)


def _pairs(node: yaml.MappingNode, file: str) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigurationError(f"{file}:{key.start_mark.line + 1}: a key must be plain text")
        yield key.value, value
