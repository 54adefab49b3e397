"""Pattern files that may change while the step runs: looked at now and again, loaded anew as a whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from workers import metrics
from workers.errors import TocsinError
from workers.logs import get_logger
from workers.watch.event_types import EventTypes
from workers.watch.pattern_file import PatternSet, load_patterns, pattern_files

log = get_logger("patterns")

_Stamp = tuple[tuple[str, int, int], ...]


class PatternFolder:
    """The pattern files at `paths`. `asked` is set by whoever wants them loaded even if they look unchanged."""

    def __init__(self, paths: Sequence[Path], types: EventTypes) -> None:
        self._paths = paths
        self._types = types
        self._stamp: _Stamp | None = None
        self.asked = False

    def load(self) -> PatternSet:
        """All patterns. Raises what `load_patterns` raises; the files are not looked at again until they change."""
        self._stamp = self._look()
        found = load_patterns(self._paths, self._types)
        metrics.PATTERNS_SOUND.labels("watch").set(1)
        return found

    async def reloaded(self) -> PatternSet | None:
        """The patterns, if the files have changed since they were loaded and are sound; the mistakes are told."""
        if not self.asked and await asyncio.to_thread(self._look) == self._stamp:
            return None
        self.asked = False
        try:
            found = await asyncio.to_thread(self.load)
        except Exception as error:  # noqa: BLE001 - whatever a file holds, the step goes on with what it has
            metrics.PATTERN_RELOADS.labels("failed").inc()
            metrics.PATTERNS_SOUND.labels("watch").set(0)
            # The user's mistake, not ours: a stack of calls would hide it.
            log.error("patterns.not_reloaded", error=str(error), in_force="as before")  # noqa: TRY400 - see above
            return None
        metrics.PATTERN_RELOADS.labels("done").inc()
        return found

    def _look(self) -> _Stamp:
        """What tells a changed file: its name, size and time. An editor that replaces files and a mounted folder do."""
        found = []
        try:
            for file in pattern_files(self._paths):
                known = file.stat()
                found.append((str(file), known.st_mtime_ns, known.st_size))
        except (TocsinError, OSError):
            return ()  # in the middle of being replaced, or gone; loading tells
        return tuple(found)


def difference(now: PatternSet, before: PatternSet) -> dict[str, list[str]]:
    """Ids of patterns that came, went and changed, for the log."""
    new = {pattern.id: pattern.version for pattern in now.patterns}
    old = {pattern.id: pattern.version for pattern in before.patterns}
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(id_ for id_ in new.keys() & old.keys() if new[id_] != old[id_]),
    }
