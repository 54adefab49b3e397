"""`python -m tests.lint_sizes`: no file over 400 lines, no function over 60. Exit code 1 and a list if there are any.

Functions of topics/ and workers/ over 40 lines are named as a note; those of tests/ are told in one go and not
measured.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

FOLDERS = ("topics", "workers", "tests")
MEASURED_FUNCTIONS = ("topics", "workers")
SUFFIXES = (".py", ".lua")

MOST_LINES_OF_FILE = 400
MOST_LINES_OF_FUNCTION = 60
AIM_OF_FUNCTION = 40


@dataclass(frozen=True, slots=True, order=True)
class Long:
    """Something that is too long: where it starts, what it is, and its length in lines."""

    path: str
    line: int
    name: str
    lines: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} has {self.lines} lines"


def source_files(root: Path, folders: Sequence[str] = FOLDERS) -> Iterator[Path]:
    """Our own sources below `root`, in order; caches and hidden folders are left out."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(root).parts)
            if path.suffix in SUFFIXES and path.is_file() and not hidden:
                yield path


def long_files(root: Path, limit: int = MOST_LINES_OF_FILE) -> list[Long]:
    """Files of more than `limit` lines."""
    found = []
    for path in source_files(root):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > limit:
            found.append(Long(str(path.relative_to(root)), 1, "the file", lines))
    return found


def long_functions(root: Path, limit: int) -> list[Long]:
    """Functions and methods of more than `limit` lines, from their `def` (not the decorators) to their last line."""
    found = []
    for path in source_files(root, MEASURED_FUNCTIONS):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > limit:
                    found.append(Long(str(path.relative_to(root)), node.lineno, f"{node.name}()", lines))
    return sorted(found)


def main(root: Path = CHECKOUT) -> int:
    """Print what is too long; 1 if anything is."""
    functions = long_functions(root, AIM_OF_FUNCTION)
    for note in functions:
        if note.lines <= MOST_LINES_OF_FUNCTION:
            print(f"note: {note}; the aim is {AIM_OF_FUNCTION}")
    too_long = [*long_files(root), *(f for f in functions if f.lines > MOST_LINES_OF_FUNCTION)]
    for found in too_long:
        limit = MOST_LINES_OF_FILE if found.name == "the file" else MOST_LINES_OF_FUNCTION
        print(f"error: {found}; at most {limit}: split it by what it is about")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
