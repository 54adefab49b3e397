"""A step for tests of `workers.stream`: it passes articles on, and fails as its texts tell it to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from topics.articles import Article
from topics.codec import DecodeError, decode
from topics.names import TopicKind
from topics.rejects import Step
from workers.errors import TransientError
from workers.logs import configure_logging
from workers.settings import load_settings
from workers.steps import Incoming, Outcome, Outgoing, Publish, Refused
from workers.stream import run_step


class Echo:
    """Texts: `bug` raises an error of ours, `flaky` passes at the third try, `down` never passes, `slow` takes 3 s."""

    step: Step = "annotate"
    input: TopicKind = "articles"

    works_ahead: bool

    def __init__(self, journal: Path, applied: dict[int, int] | None, *, ahead: bool = False) -> None:
        if ahead:
            self.works_ahead = True
        self._journal = journal
        self._applied = applied
        self._tries: dict[str, int] = {}

    async def start(self, publish: Publish) -> None:
        """Nothing to open."""

    def _note(self, words: str) -> None:
        with self._journal.open("a") as file:
            file.write(words + "\n")

    async def handle(self, batch: Sequence[Incoming]) -> Sequence[Outcome]:
        return [await self._one(record) for record in batch]

    async def _one(self, record: Incoming) -> Outcome:
        try:
            article = decode(Article, record.value)
        except DecodeError as error:
            return Refused(error.error, error.reason)
        self._tries[article.id] = self._tries.get(article.id, 0) + 1
        if article.text == "bug":
            raise ValueError("a bug")
        if article.text == "down" or (article.text == "flaky" and self._tries[article.id] < 3):
            raise TransientError("not now")
        if article.text == "slow":
            self._note(f"slow {article.id}")
            await asyncio.sleep(3)
        self._note(f"{'again' if record.rebuilding else 'new'} {record.partition} {record.offset} {article.id}")
        return [Outgoing("annotations", article.id, article, record.trace_id)]

    async def confirmed(self, batch: Sequence[Incoming]) -> None:
        """Nothing is kept."""

    async def applied(self, partition: int) -> int | None:
        return None if self._applied is None else self._applied.get(partition, 0)

    async def stop(self) -> None:
        self._note("stopped")


def main() -> None:
    settings = load_settings()
    configure_logging("info", "json")
    applied: dict[int, int] | None = {} if os.environ.get("ECHO_STATE") == "lost" else None
    ahead = os.environ.get("ECHO_AHEAD") == "1"
    run_step(settings, Echo(Path(os.environ["ECHO_JOURNAL"]), applied, ahead=ahead))


if __name__ == "__main__":
    main()
