"""How far an archive has come to Kafka, kept in a file, so that reading can go on after a crash.

The mark moves only over items that Kafka has confirmed, or that nobody wants; what lies behind it is never lost, and
what lies before it may be produced again, under the same id and revision, which counts once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.errors import InputError

SAVE_SECONDS = 1.0
_VERSION = 2
MAX_RANGES = 50_000
"""An archive in no order at all makes as many: the file stays below a megabyte."""

_KNOWN_BYTES = 4096
"""By so many of its first bytes, and of the last that it had, a file that grows is known."""


_ANEW = "Delete it to begin anew; what arrives twice has the same id and counts once."

_BEHIND = "Only the last file of then may have grown, and new ones must come behind those of then, in order of name."

Range = tuple[int, int]
"""The numbers from the first (inclusive) to the second (exclusive)."""


class LowWater:
    """Which items are done with: all below `mark`, and some above it, since a sorted archive is sent out of order.

    Held as ranges, so that it stays small, and so that several rows of numbers (one for each partition of a topic) may
    be done with side by side.
    """

    def __init__(self, mark: int = 0, above: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self.number_done = 0
        """How many items are done with."""
        # Kafka's confirmations and the reading come from different threads.
        self._lock = threading.Lock()
        for first, end in sorted([(0, mark), *above]):
            begins = max(first, self._ends[-1]) if self._ends else first
            if begins < end:
                self._put(len(self._ends), begins, end)

    @property
    def mark(self) -> int:
        """The first item that is not done with."""
        with self._lock:
            return self._ends[0] if self._firsts[:1] == [0] else 0

    def done(self, number: int) -> None:
        """The item is confirmed, or of no use. Numbers may come in any order, and twice."""
        with self._lock:
            place = bisect_right(self._firsts, number)
            if not place or number >= self._ends[place - 1]:
                self._put(place, number, number + 1)

    def has(self, number: int) -> bool:
        """Whether the item is done with."""
        with self._lock:
            place = bisect_right(self._firsts, number)
            return place > 0 and number < self._ends[place - 1]

    def ranges(self) -> list[Range]:
        """What is done above the mark, at most `MAX_RANGES`: what is left out is only sent again."""
        with self._lock:
            above = 1 if self._firsts[:1] == [0] else 0
            return list(zip(self._firsts[above:], self._ends[above:], strict=True))[:MAX_RANGES]

    def _put(self, place: int, first: int, end: int) -> None:
        """A range that lies between those before and from `place` on; it is joined with what it touches."""
        self.number_done += end - first
        if place < len(self._firsts) and self._firsts[place] == end:
            end = self._ends[place]
            del self._firsts[place], self._ends[place]
        if place and self._ends[place - 1] == first:
            self._ends[place - 1] = end
        else:
            self._firsts.insert(place, first)
            self._ends.insert(place, end)


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
    """A file that remembers the mark of one archive, and what archive that is.

    `identity` are plain values that must be the same for the mark to mean the same. So must be `files`, but that the
    last may have grown since, and that others may have come behind it. If another has taken its place, `on_other` is
    told so and all is read anew; without `on_other`, that is an error. Use `held` to have the mark for oneself.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, Any],
        *,
        files: Sequence[str] = (),
        on_other: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self._given = dict(identity)
        self._files = tuple(files)
        self._identity = self._of_first(len(files))
        self._grown = _Grown.of(Path(files[-1])) if files else None
        self._on_other = on_other
        self._saved_at = 0.0

    @classmethod
    def of(
        cls,
        path: Path,
        files: Sequence[str],
        *,
        on_other: Callable[[str], None] | None = None,
        **more: object,
    ) -> Checkpoint:
        """Of an archive: its files, and what else makes it the same (the span)."""
        given = {name: str(value) for name, value in more.items() if value is not None}
        return cls(path, given, files=files, on_other=on_other)

    @contextmanager
    def held(self) -> Iterator[LowWater]:
        """The mark, read from the file, while nobody else may use it. Raises InputError."""
        with alone(self.path):
            yield self._read()

    def save(self, low: LowWater, *, finished: bool = False, now: float | None = None) -> None:
        """Write the mark, at most once a second unless `finished`; atomically."""
        moment = time.monotonic() if now is None else now
        if not finished and moment - self._saved_at < SAVE_SECONDS:
            return
        # The mark first: what is done meanwhile is in the ranges, or sent again.
        state = {"version": _VERSION, "archive": self._identity, "files": len(self._files)}
        state |= {"done": low.mark, "above": low.ranges()}
        state["grown"] = self._grown.to_wire() if self._grown is not None else None
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
        self._saved_at = moment

    def remove(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)

    def _of_first(self, number: int) -> str:
        """What archive it was when it had so many files: numbers of items must not have shifted since."""
        files: list[Any] = [_known(file) for file in self._files[: max(0, number - 1)]]
        files += [_place(self._files[number - 1])] if number else []
        return _digest({"files": files, **self._given} if files else self._given)

    def _read(self) -> LowWater:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            known, low = found["archive"], LowWater(int(found["done"]), [(int(a), int(b)) for a, b in found["above"]])
            grown = _Grown(*found["grown"]) if found.get("grown") else None
            files = int(found.get("files", len(self._files)))
        except FileNotFoundError:
            return LowWater()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.path}: it is no checkpoint of Tocsin's ({type(error).__name__}).",
                hint="Name another file, or delete it to begin anew.",
            ) from error
        if files > len(self._files) or known != (
            self._identity if files == len(self._files) else self._of_first(files)
        ):
            raise InputError(
                f"{self.path}: it is of another archive, or the archive has changed since: its mark means nothing "
                "here.",
                hint=f"{_BEHIND} {_ANEW}",
            )
        if grown is None or not files or grown == _Grown.of(Path(self._files[files - 1]), grown.size):
            return low
        what = f"{self._files[files - 1]}: it has changed since, or another file has taken its place"
        if self._on_other is None:
            raise InputError(f"{self.path}: its mark means nothing here. {what}.", hint=_ANEW)
        self._on_other(f"{what}: it is read from its beginning.")
        return LowWater()


@dataclass(frozen=True)
class _Grown:
    """A file by its first bytes and by the last ones before `size`: what it was known to hold, however it grew."""

    size: int
    head: str
    tail: str

    @classmethod
    def of(cls, file: Path, size: int | None = None) -> _Grown | None:
        """`file` as it is now, or was when it had that size; None if it is none, or smaller."""
        try:
            with file.open("rb") as stream:
                if not stream.seekable():
                    return None
                size = stream.seek(0, os.SEEK_END) if size is None else size
                stream.seek(0)
                head = stream.read(min(size, _KNOWN_BYTES))
                stream.seek(max(0, size - _KNOWN_BYTES))
                tail = stream.read(min(size, _KNOWN_BYTES))
        except OSError:
            return None  # a topic, or gone: whoever reads it says so
        return cls(size, _hash(head), _hash(tail)) if len(tail) == min(size, _KNOWN_BYTES) else None

    def to_wire(self) -> list[int | str]:
        """A short JSON value."""
        return [self.size, self.head, self.tail]


def _known(file: str) -> list[Any]:
    """A file that must not change: numbers of items would shift."""
    grown = _Grown.of(Path(file))
    return [_place(file), grown.to_wire() if grown is not None else None]


def _place(file: str) -> str:
    return str(Path(file).resolve()) if Path(file).exists() else file


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _digest(identity: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:32]
