"""Pattern files: reads YAML from files and folders, and tells every mistake at once with its line and column.

A pattern that asks for what this version cannot run is refused, never quietly run as something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workers.errors import ConfigurationError, InputError
from workers.watch.event_types import EventTypes
from workers.watch.pattern_checks import findings
from workers.watch.pattern_document import (
    Correlation,
    CountCondition,
    Expected,
    PatternDocument,
    PatternTest,
    Rule,
    Spike,
    TestEvent,
)
from workers.watch.patterns import Pattern, compiled
from workers.yamlfile import Document, Problem, read_documents
from workers.yamlmodel import near, problem_of

SUFFIXES = (".yaml", ".yml")

_MODELS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("expect", Expected),
    ("events", TestEvent),
    ("tests", PatternTest),
    ("condition", CountCondition),
    ("correlation", Correlation),
    ("spike", Spike),
    ("rules", Rule),
)
"""Which model the keys under a key belong to; the innermost first."""


@dataclass(frozen=True)
class PatternSet:
    """Patterns in force, in order of file and place."""

    patterns: tuple[Pattern, ...]
    files: tuple[Path, ...] = ()

    def by_id(self, pattern_id: str) -> Pattern | None:
        """The pattern of that id."""
        return next((pattern for pattern in self.patterns if pattern.id == pattern_id), None)


class BrokenPatterns(ConfigurationError):
    """Pattern files with mistakes; `problems` has all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        what = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"{what} in the patterns; nothing was loaded:\n" + "\n".join(str(p) for p in problems))


def load_patterns(paths: Sequence[Path], types: EventTypes) -> PatternSet:
    """All patterns in `paths`, files or folders. Raises BrokenPatterns with all mistakes, InputError for a bad path."""
    patterns, problems, files = check_patterns(paths, types)
    if problems:
        raise BrokenPatterns(problems)
    if not patterns:
        raise ConfigurationError(
            f"No pattern in {', '.join(str(path) for path in paths)}.",
            hint="Name a .yaml file or a folder that holds one; `tocsin patterns check PATH` checks it.",
        )
    return PatternSet(tuple(patterns), tuple(files))


def check_patterns(paths: Sequence[Path], types: EventTypes) -> tuple[list[Pattern], list[Problem], list[Path]]:
    """The sound patterns, all mistakes, and the files that were read. Raises InputError for a path that is none."""
    patterns: list[Pattern] = []
    problems: list[Problem] = []
    files = pattern_files(paths)
    first_use: dict[str, str] = {}
    for file in files:
        try:
            documents, found = read_documents(file)
        except OSError as error:
            raise InputError(f"{file}: {error.strerror or error}") from error
        problems += found
        for document in documents:
            wrong = [*document_problems(document, types), *_repeated_id(document, first_use)]
            problems += wrong
            if not wrong and not found:
                patterns.append(compiled(_parsed(document, types), types))
    problems.sort(key=lambda problem: (files.index(Path(problem.file)), problem.line, problem.column))
    return patterns, problems, files


def pattern_files(paths: Sequence[Path]) -> list[Path]:
    """The files that `paths` name; of a folder all YAML files in it, at any depth, by name. Raises InputError."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(f for f in path.rglob("*") if f.suffix in SUFFIXES and f.is_file())
        elif path.is_file():
            files.append(path)
        else:
            raise InputError(f"{path}: no such file or folder", hint="Name pattern files or folders of them.")
    return list(dict.fromkeys(files))


def _repeated_id(document: Document, first_use: dict[str, str]) -> Iterator[Problem]:
    found = document.value.get("id") if isinstance(document.value, dict) else None
    if not isinstance(found, str):
        return
    here = document.problem(("id",), None, "")
    if found in first_use:
        yield document.problem(("id",), None, f"an id of its own; it is taken by the pattern at {first_use[found]}")
    first_use.setdefault(found, f"{here.file}:{here.line}:{here.column}")


def document_problems(document: Document, types: EventTypes) -> list[Problem]:
    """All that is wrong with one document."""
    if not isinstance(document.value, dict):
        return [document.problem((), None, "expected a pattern: title, id, correlation …")]
    problems = [finding.problem(document) for finding in findings(document.value, types)]
    try:
        _parsed(document, types)
    except ValidationError as error:
        problems += [_problem(document, detail) for detail in error.errors(include_url=False)]
    return problems


def _parsed(document: Document, types: EventTypes) -> PatternDocument:
    return PatternDocument.model_validate(document.value, context={"types": types})


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    if detail["type"] == "event_type":
        known: list[str] = detail["ctx"]["known"]
        return document.problem(detail["loc"], None, "allowed: " + near(str(detail["input"]), known, "event types"))
    return problem_of(document, detail, _known_keys)


def _known_keys(location: Sequence[str | int]) -> str:
    """What may stand where an unknown key stands, and where that key would belong."""
    unknown = str(location[-1])
    model: type[BaseModel] = PatternDocument
    for key, candidate in _MODELS:
        if key in location[:-1]:
            model = candidate
            break
    known = _keys(model)
    if model is not PatternDocument and unknown in _keys(PatternDocument):
        return f"it belongs at the top level of the pattern; allowed here: {', '.join(known)}"
    if unknown in _keys(Correlation) and model is PatternDocument:
        return f"it belongs under correlation; allowed here: {', '.join(known)}"
    return "allowed: " + near(unknown, known, "keys")


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]
