"""How far an archive has come to Kafka, kept in a file, so that reading can go on after a crash.

The mark moves only over items that Kafka has confirmed, or that nobody wants; what lies behind it is never lost, and
what lies before it may be produced again, under the same id and revision, which counts once. It knows each file of a
folder, and each partition of a topic, by itself.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.archives.numbers import LowWater, Range, number_of
from workers.archives.rows import Known, Row
from workers.errors import InputError

SAVE_SECONDS = 1.0
_SAVE_SHARE = 20
"""Of a folder of very many files the mark is large: it is written so seldom that it takes a twentieth of the time."""

_VERSION = 3
MAX_RANGES = 50_000
"""An archive in no order at all makes as many; what is left out is only sent again."""


_ANEW = "Delete it to begin anew; what arrives twice has the same id and counts once."


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep others from the checkpoint at `path`. Raises InputError if another run has it."""
    lock = _opened_lock(path)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"{path}: another run holds it.", hint="Wait for it to end, or choose another name."
            ) from error
        yield
    finally:
        os.close(lock)


def _opened_lock(path: Path) -> int:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(
            f"{path}: no checkpoint can be kept there: {error.strerror}",
            hint="Name a file in a folder that can be written.",
        ) from error


class Checkpoint:
    """A file that remembers what is done of one archive, and what archive that is.

    `given` are plain values that must be the same for the mark to mean the same. Of `rows` some must have been there
    then; others may have come or gone since, and each may have grown. If another has taken a row's place, `on_other` is
    told so and the row is read anew; without `on_other`, that is an error. Use `held` to have the mark for oneself.
    """

    def __init__(
        self,
        path: Path,
        rows: Sequence[Row],
        given: Mapping[str, str] | None = None,
        *,
        on_other: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self._rows = dict(zip(_names(rows), rows, strict=True))
        self._given = _digest(given or {})
        self._on_other = on_other
        self._next_save = 0.0

    @classmethod
    def of(
        cls,
        path: Path,
        rows: Sequence[Row],
        *,
        on_other: Callable[[str], None] | None = None,
        **more: object,
    ) -> Checkpoint:
        """Of an archive: its rows, and what else makes it the same (the span)."""
        given = {name: str(value) for name, value in more.items() if value is not None}
        return cls(path, rows, given, on_other=on_other)

    @contextmanager
    def held(self) -> Iterator[LowWater]:
        """The mark, read from the file, while nobody else may use it. Raises InputError."""
        with alone(self.path):
            yield self._read()

    def save(self, low: LowWater, *, finished: bool = False, now: float | None = None) -> None:
        """Write the mark atomically: unless `finished`, at most once a second and in a small part of the time."""
        moment = time.monotonic() if now is None else now
        if not finished and moment < self._next_save:
            return
        begun = time.monotonic()
        state = {"version": _VERSION, "archive": self._given, "rows": self._done_of(low)}
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(state, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise InputError(f"{self.path}: the checkpoint cannot be written: {error.strerror}") from error
        self._next_save = moment + max(SAVE_SECONDS, _SAVE_SHARE * (time.monotonic() - begun))

    def remove(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)

    def _done_of(self, low: LowWater) -> dict[str, list[Any]]:
        """Of each row of which anything is done: by what it is known again, its mark, what is done above that, and
        whether that is all.
        """
        found: dict[str, list[Any]] = {}
        left = MAX_RANGES
        for place, (name, row) in enumerate(self._rows.items()):
            done = low.of_row(place)
            if done.mark or done.above:
                whole = row.done_with or (row.items == done.mark and not done.above)
                found[name] = [row.known(), done.mark, done.above[:left], whole]
                left -= len(found[name][2])
        return found

    def _read(self) -> LowWater:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            version, given = int(found["version"]), str(found["archive"])
            rows = {str(name): _Row.of_wire(*row) for name, row in found.get("rows", {}).items()}
        except FileNotFoundError:
            return LowWater()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path}: it is no checkpoint of Tocsin's ({type(error).__name__}).",
                hint="Name another file, or delete it to begin anew.",
            ) from error
        if version != _VERSION:
            raise InputError(f"{self.path}: it was written by another version of Tocsin.", hint=_ANEW)
        if given != self._given or (rows and not rows.keys() & self._rows.keys()):
            raise InputError(f"{self.path}: it is of another archive: its mark means nothing here.", hint=_ANEW)
        return LowWater(above=self._still_done(rows))

    def _still_done(self, rows: Mapping[str, _Row]) -> list[Range]:
        done: list[Range] = []
        others: list[str] = []
        for place, (name, row) in enumerate(self._rows.items()):
            then = rows.get(name)
            if then is None:
                continue
            if then.known is None or row.is_still(then.known, done_with=then.whole):
                done += ((number_of(place, first), number_of(place, end)) for first, end in then.ranges)
            elif row.other not in others:  # a topic is one thing, whatever its partitions
                others.append(row.other)
        for other in others:
            if self._on_other is None:
                raise InputError(f"{self.path}: its mark means nothing here. {other}.", hint=_ANEW)
            self._on_other(f"{other}: it is read from its beginning.")
        return done


@dataclass(frozen=True)
class _Row:
    """A row as it was known when the mark was written."""

    known: Known | None
    ranges: list[Range]
    whole: bool

    @classmethod
    def of_wire(cls, known: Known | None, mark: int, above: Iterable[Sequence[int]], whole: object) -> _Row:
        """Raises ValueError, TypeError."""
        if known is not None:
            known = [each if isinstance(each, int) else str(each) for each in known]
        return cls(known, [(0, int(mark)), *((int(first), int(end)) for first, end in above)], whole is True)


def _names(rows: Iterable[Row]) -> list[str]:
    """The names of rows; a file that is read twice has two."""
    seen: Counter[str] = Counter()
    names = []
    for row in rows:
        name = row.name
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _digest(given: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:32]
