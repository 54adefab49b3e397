"""How far an archive has come to Kafka, kept in a file, so that reading can go on after a crash.

The mark moves only over items that Kafka has confirmed, or that nobody wants; what lies behind it is never lost, and
what lies before it may be produced again, under the same id and revision, which counts once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workers.errors import InputError

SAVE_SECONDS = 1.0
_VERSION = 1
MAX_RANGES = 50_000
"""An archive in no order at all makes as many: the file stays below a megabyte."""

_HEAD_BYTES = 256
"""By its first bytes a file is known; a shorter one that grows becomes another."""


Range = tuple[int, int]
"""The numbers from the first (inclusive) to the second (exclusive)."""


class LowWater:
    """Which items are done with: all below `mark`, and some above it, since a sorted archive is sent out of order."""

    def __init__(self, mark: int = 0, above: Iterable[Range] = ()) -> None:
        self.mark = mark
        self._above = {number for first, end in above for number in range(first, end)}
        # Kafka's confirmations and the reading come from different threads.
        self._lock = threading.Lock()

    def done(self, number: int) -> None:
        """The item is confirmed, or of no use. Numbers may come in any order, and twice."""
        with self._lock:
            if number >= self.mark:
                self._above.add(number)
            while self.mark in self._above:
                self._above.discard(self.mark)
                self.mark += 1

    def has(self, number: int) -> bool:
        """Whether the item is done with."""
        return number < self.mark or number in self._above

    @property
    def number_done(self) -> int:
        """How many items are done with."""
        return self.mark + len(self._above)

    def ranges(self) -> list[Range]:
        """What is done above the mark, at most `MAX_RANGES`: what is left out is only sent again."""
        with self._lock:
            numbers = sorted(self._above)
        found: list[Range] = []
        for number in numbers:
            if found and found[-1][1] == number:
                found[-1] = (found[-1][0], number + 1)
            elif len(found) == MAX_RANGES:
                break
            else:
                found.append((number, number + 1))
        return found


class Checkpoint:
    """A file that remembers the mark of one archive, and what archive that is.

    `identity` are plain values that must be the same for the mark to mean the same; see `identity_of`. Use `held` to
    have it for oneself.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self._identity = _digest(identity)
        self._saved_at = 0.0

    @contextmanager
    def held(self) -> Iterator[LowWater]:
        """The mark, read from the file, while nobody else may use it. Raises InputError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"{self.path}: another run holds it.", hint="Wait for it to end, or choose another name."
                ) from error
            yield self._read()
        finally:
            os.close(lock)

    def save(self, low: LowWater, *, finished: bool = False, now: float | None = None) -> None:
        """Write the mark, at most once a second unless `finished`; atomically."""
        moment = time.monotonic() if now is None else now
        if not finished and moment - self._saved_at < SAVE_SECONDS:
            return
        # The mark first: what is done meanwhile is in the ranges, or sent again.
        state = {"version": _VERSION, "archive": self._identity, "done": low.mark, "above": low.ranges()}
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

    def _read(self) -> LowWater:
        try:
            found = json.loads(self.path.read_text("utf-8"))
            known, low = found["archive"], LowWater(int(found["done"]), [(int(a), int(b)) for a, b in found["above"]])
        except FileNotFoundError:
            return LowWater()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.path}: it is no checkpoint of Tocsin's ({type(error).__name__}).",
                hint="Name another file, or delete it to begin anew.",
            ) from error
        if known != self._identity:
            raise InputError(
                f"{self.path}: it is of another archive, or the archive has changed since: its mark means nothing "
                "here.",
                hint="Delete it to begin anew; what arrives twice has the same id and counts once.",
            )
        return low


def identity_of(files: Sequence[str], **more: object) -> dict[str, Any]:
    """What makes an archive the same: its files, and what else is given (the span). The last file may have grown."""
    known: list[list[Any]] = []
    for place, file in enumerate(files, start=1):
        try:
            with Path(file).open("rb") as stream:
                head = hashlib.sha256(stream.read(_HEAD_BYTES)).hexdigest()
                size = os.fstat(stream.fileno()).st_size if place < len(files) else None
        except OSError:
            known.append([file, None, None])  # standard input, or gone: whoever reads it says so
        else:
            known.append([str(Path(file).resolve()), size, head])
    return {"files": known, **{name: str(value) for name, value in more.items() if value is not None}}


def _digest(identity: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:32]
