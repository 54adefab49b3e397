"""YAML in which every value knows its line and column: patterns, receivers and ontologies are read here.

What a file means, and how its mistakes are worded, is said by whoever reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

MAX_NODES = 20_000
"""For files whose aliases are written out: aliases of aliases could otherwise fill the memory."""

Location = tuple[str | int, ...]
"""Keys and list positions that lead to a value, from the top."""

SHIPPED = Path("built-in")
"""What stands for the folder of files that ship with Tocsin, wherever they were installed."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the class is not known before
    """libyaml's parser, if it is there, without guesses at what a scalar means: all of them are text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class Fault(Exception):
    """A file that is no usable YAML: where reading ended, and why."""

    def __init__(self, place: Place, problem: str, *, syntax: bool = False) -> None:
        super().__init__(problem)
        self.place = place
        self.problem = problem
        self.syntax = syntax


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
    """One YAML document: plain values, and the node behind each of them. `repeated`: keys that stand there twice."""

    file: Path
    node: Node | None
    value: Any
    repeated: tuple[tuple[Location, ScalarNode], ...] = ()

    def problem(
        self, location: Sequence[str | int], found: str | None, allowed: str, *, at_key: bool = False
    ) -> Problem:
        """A problem at `location`; parts of it that are no key of the document (a model's own tags) are passed over."""
        if self.node is None:
            return Problem(str(self.file), 1, 1, "document", found or "nothing", allowed)
        node, path, key = self._resolve(self.node, location)
        place = place_of((key or node) if at_key else node)
        return Problem(
            str(self.file), place.line, place.column, dotted(path) or "document", found or shown(node), allowed
        )

    def place(self, location: Sequence[str | int]) -> Place:
        """Where the part at `location` stands (of a field: its name), or the nearest part around it."""
        node, place = self.node, Place(1, 1)
        if node is not None and not location:
            place = place_of(node)
        for step in location:
            child = _child(node, step) if node is not None else None
            if child is None:
                break
            node, place = child[1], place_of(child[0])
        return place

    def where(self, location: Sequence[str | int]) -> str:
        """`file:line:column` of `place`."""
        return f"{self.file}:{self.place(location)}"

    def _resolve(self, root: Node, location: Sequence[str | int]) -> tuple[Node, Location, Node | None]:
        node, path, key = root, [], None
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


def place_of(node: Node) -> Place:
    """Where a node begins."""
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def dotted(path: Sequence[str | int]) -> str:
    """`rules[0].type`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def shown(node: Node) -> str:
    """What stands there, for an error message."""
    if isinstance(node, ScalarNode):
        text = str(node.value)
        if text in _NULLS and node.style is None:
            return "nothing"
        return repr(text if len(text) <= 60 else text[:57] + "…")
    return "a mapping" if isinstance(node, MappingNode) else "a list"


# --- reading ---------------------------------------------------------------------------------------------------------


def read_documents(file: Path) -> tuple[list[Document], list[Problem]]:
    """All documents of a file that hold anything, every scalar as text: `NO` is Norway, not `false`.

    The models that take the values turn text into numbers and truth values where a field asks for them. A file that
    is no YAML gives one problem, and so does every key that stands twice. Raises OSError.
    """
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        return [], [Problem(str(file), 1, 1, "file", f"byte {error.object[error.start]:#04x}", "expected UTF-8 text")]
    documents: list[Document] = []
    try:
        for node in _composed(text, yaml.SafeLoader):
            builder = _Lenient()
            value = builder.value(node, ())
            if value is not None:
                documents.append(Document(file, node, value, tuple(builder.repeated)))
    except Fault as fault:
        found, place = "what is not YAML", fault.place
        return documents, [Problem(str(file), place.line, place.column, "file", found, fault.problem)]
    return documents, [problem for document in documents for problem in _repeated_keys(document)]


def read_typed(file: Path) -> Document:
    """The one document of a file, scalars as YAML means them (`true`, 5). Raises OSError, UnicodeDecodeError, Fault."""
    text = file.read_text("utf-8")
    loader = yaml.SafeLoader("")
    nodes = list(_composed(text, yaml.SafeLoader))
    if len(nodes) > 1:
        raise Fault(place_of(nodes[1]), "expected a single document in the stream", syntax=True)
    if not nodes:
        return Document(file, None, None)
    return Document(file, nodes[0], _Strict(loader.construct_object).value(nodes[0], frozenset()))


def read_shipped(file: Path) -> Document:
    """A file that ships with Tocsin, every scalar as text, by the fastest parser there is."""
    node = next(_composed(file.read_text("utf-8"), _FastLoader))
    return Document(SHIPPED / file.name, node, _Lenient().value(node, ()))


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one."""
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def _composed(text: str, loader: type[yaml.SafeLoader]) -> Iterator[Node]:
    try:
        yield from yaml.compose_all(text, Loader=loader)
    except RecursionError:
        raise Fault(Place(1, 1), "nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise Fault(place, error.problem or error.context or str(error), syntax=True) from None
    except ReaderError as error:
        before = text[: error.position].split("\n")
        character = error.character if isinstance(error.character, int) else ord(error.character)
        problem = f"the control character {character:#x}"
        raise Fault(Place(len(before), len(before[-1]) + 1), problem, syntax=True) from None


def _repeated_keys(document: Document) -> Iterator[Problem]:
    for path, key in document.repeated:
        place, file = place_of(key), str(document.file)
        yield Problem(file, place.line, place.column, dotted(path), "the key a second time", "give it once")


@dataclass
class _Lenient:
    """Nodes to plain text values; an alias is built once, and one that holds itself is refused."""

    repeated: list[tuple[Location, ScalarNode]] = field(default_factory=list)
    _done: dict[int, Any] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)

    def value(self, node: Node, path: Location) -> Any:
        if isinstance(node, ScalarNode):
            return None if node.style is None and node.value in _NULLS else node.value
        known = id(node)
        if known in self._open:
            raise Fault(place_of(node), "an alias that holds itself", syntax=True)
        if known not in self._done:
            self._open.add(known)
            self._done[known] = self._collection(node, path)
            self._open.remove(known)
        return self._done[known]

    def _collection(self, node: Node, path: Location) -> Any:
        if isinstance(node, SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        built: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                raise Fault(place_of(key), "a key that is no word", syntax=True)
            if key.value in built:
                self.repeated.append(((*path, key.value), key))
            built[key.value] = self.value(child, (*path, key.value))
        return built


@dataclass
class _Strict:
    """Nodes to typed values; aliases are written out, within bounds, and the first mistake ends it."""

    construct: Callable[[Node], Any]
    nodes: int = 0

    def value(self, node: Node, around: frozenset[int]) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or id(node) in around:
            raise Fault(place_of(node), "too large, or an alias that holds itself")
        inside = around | {id(node)}
        if isinstance(node, MappingNode):
            return self._mapping(node, inside)
        if isinstance(node, SequenceNode):
            return [self.value(child, inside) for child in node.value]
        return self._scalar(node)

    def _scalar(self, node: Node) -> Any:
        try:
            return self.construct(node)
        except ValueError as error:  # 2026-02-31 looks like a date and is none
            raise Fault(place_of(node), "this value cannot be read; put it into quotes") from error
        except yaml.MarkedYAMLError as error:  # a tag that means nothing here
            raise Fault(place_of(node), error.problem or str(error), syntax=True) from None

    def _mapping(self, node: MappingNode, inside: frozenset[int]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        first: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, ScalarNode) else None
            place = place_of(key_node)
            if not isinstance(key, str):
                raise Fault(place, "expected a word as the name of a field")
            if key in mapping:
                raise Fault(place, f"field {key!r} stands here a second time (first: {first[key]})")
            first[key] = place
            mapping[key] = self.value(value_node, inside)
        return mapping
