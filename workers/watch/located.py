"""YAML read so that every value knows its line and column. Every scalar stays text: `NO` is Norway, not `false`.

The models that take the values turn text into numbers and truth values where a field asks for them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Location = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, in which field, what was found and what is allowed. Lines count from 1."""

    file: str
    line: int
    column: int
    field: str
    found: str
    allowed: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.field}: found {self.found}; {self.allowed}"


@dataclass(frozen=True)
class Document:
    """One YAML document: plain values, and the node behind each of them."""

    file: Path
    node: Node
    value: Any
    repeated: tuple[tuple[Location, ScalarNode], ...] = ()

    def problem(
        self, location: Sequence[str | int], found: str | None, allowed: str, *, at_key: bool = False
    ) -> Problem:
        """A problem at `location`; parts of it that are no key of the document (a model's own tags) are passed over."""
        node, path, key = self._resolve(location)
        mark = (key or node).start_mark if at_key else node.start_mark
        return Problem(
            str(self.file), mark.line + 1, mark.column + 1, _dotted(path) or "document", found or shown(node), allowed
        )

    def _resolve(self, location: Sequence[str | int]) -> tuple[Node, Location, Node | None]:
        node, path, key = self.node, [], None
        for step in location:
            child = _child(node, step)
            if child is not None:
                key, node = child
                path.append(step)
        missing = location[-1:] if location and (not path or path[-1] != location[-1]) else ()
        return node, (*path, *missing), key


def _child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _dotted(path: Sequence[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def shown(node: Node) -> str:
    """What stands there, for an error message."""
    if isinstance(node, ScalarNode):
        text = str(node.value)
        if text in _NULLS and node.style is None:
            return "nothing"
        return repr(text if len(text) <= 60 else text[:57] + "…")
    return "a mapping" if isinstance(node, MappingNode) else "a list"


def read_documents(file: Path) -> tuple[list[Document], list[Problem]]:
    """All documents of a file that hold anything. A file that is no YAML gives one problem. Raises OSError."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        return [], [Problem(str(file), 1, 1, "file", f"byte {error.object[error.start]:#04x}", "expected UTF-8 text")]
    documents: list[Document] = []
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            builder = _Builder()
            value = builder.value(node, ())
            if value is not None:
                documents.append(Document(file, node, value, tuple(builder.repeated)))
    except YAMLError as error:
        return documents, [_syntax_problem(file, error)]
    found = [problem for document in documents for problem in _repeated_keys(document)]
    return documents, found


def _syntax_problem(file: Path, error: YAMLError) -> Problem:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = (error.problem if isinstance(error, MarkedYAMLError) else None) or str(error)
    return Problem(str(file), line, column, "file", "what is not YAML", what)


def _repeated_keys(document: Document) -> Iterator[Problem]:
    for path, key in document.repeated:
        mark = key.start_mark
        yield Problem(
            str(document.file), mark.line + 1, mark.column + 1, _dotted(path), "the key a second time", "give it once"
        )


@dataclass
class _Builder:
    """Nodes to plain values; an alias is built once, and one that holds itself is refused."""

    repeated: list[tuple[Location, ScalarNode]] = field(default_factory=list)
    _done: dict[int, Any] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)

    def value(self, node: Node, path: Location) -> Any:
        if isinstance(node, ScalarNode):
            return None if node.style is None and node.value in _NULLS else node.value
        known = id(node)
        if known in self._open:
            raise MarkedYAMLError(problem="an alias that holds itself", problem_mark=node.start_mark)
        if known not in self._done:
            self._open.add(known)
            self._done[known] = self._collection(node, path)
            self._open.remove(known)
        return self._done[known]

    def _collection(self, node: Node, path: Location) -> Any:
        if isinstance(node, SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        built: dict[Hashable, Any] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                raise MarkedYAMLError(problem="a key that is no word", problem_mark=key.start_mark)
            if key.value in built:
                self.repeated.append(((*path, key.value), key))
            built[key.value] = self.value(child, (*path, key.value))
        return built
