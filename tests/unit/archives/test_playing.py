"""An archive played to a sink that confirms when it likes: nothing is passed over, whenever the run is cut."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.archives.test_ordering import START, article
from topics.articles import Article
from workers.archives.checkpoint import Checkpoint
from workers.archives.numbers import LowWater
from workers.archives.ordering import Sorted, Span
from workers.archives.playing import Playing, StoppedError
from workers.archives.readers import Malformed
from workers.archives.rows import FileRow
from workers.errors import PermanentError


class KilledError(Exception):
    """The process ends here."""


class Sink:
    """Confirms in any order, and ends the process after so many articles."""

    def __init__(self, seed: int = 0, *, ends_after: int | None = None) -> None:
        self.confirmed: list[Article] = []
        self.flushed = False
        self._random = random.Random(seed)
        self._waiting: list[tuple[Article, Callable[[], None]]] = []
        self._left = ends_after

    def send_article(self, article: Article, *, on_confirmed: Callable[[], None] | None = None) -> None:
        if article.text == "unwritable":
            raise PermanentError("too-large", "article is too large")
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise KilledError
        assert on_confirmed is not None
        self._waiting.append((article, on_confirmed))
        self._random.shuffle(self._waiting)
        while len(self._waiting) > 5:
            self._confirm()

    def _confirm(self) -> None:
        article, on_confirmed = self._waiting.pop()
        self.confirmed.append(article)
        on_confirmed()

    def poll(self, seconds: float = 0.0) -> None:
        """Nothing comes by itself."""

    def flush(self) -> None:
        while self._waiting:
            self._confirm()
        self.flushed = True


def shuffled(number: int) -> list[Article | Malformed]:
    found: list[Article | Malformed] = [article(m) for m in range(number)]
    random.Random(3).shuffle(found)
    found[4:4] = [Malformed("f", 5, "no JSON"), article(None, text="unwritable")]
    return found


@pytest.mark.parametrize("seed", range(25))
def test_however_often_it_is_killed_every_article_arrives(tmp_path: Path, seed: int) -> None:
    archive, arrived = shuffled(60), set()
    chance = random.Random(seed)
    for _ in range(200):
        mark = Checkpoint(tmp_path / "mark.json", [FileRow("-")])
        sink = Sink(seed, ends_after=chance.randint(0, 40))
        with mark.held() as low:
            playing = Playing(order=Sorted(articles=10), checkpoint=mark, low=low)
            try:
                playing.play(archive, sink)
            except KilledError:
                mark.save(low, finished=chance.random() < 0.8)  # else less than a second has passed
            arrived |= {each.id for each in sink.confirmed}
            if sink.flushed:
                break
    assert arrived == {str(m) for m in range(60)}
    assert low.mark == len(archive)


def test_problems_and_what_is_outside_the_span_are_done_with() -> None:
    playing, sink = Playing(span=Span(START, START + timedelta(minutes=3))), Sink()
    playing.play([article(1), Malformed("f", 2, "no JSON"), article(9), article(2, text="unwritable")], sink)
    assert [each.id for each in sink.confirmed] == ["1"]
    assert playing.low.mark == 4
    assert playing.sent == 1
    assert playing.problems == ["f:2: no JSON", "article is too large"]


def test_old_news_is_marked_and_comes_now_in_the_order_in_which_it_is_read() -> None:
    """Whenever it was fetched, for it may lie on a topic: what live news it meets came before it."""
    moments = iter(START + timedelta(days=2, seconds=n) for n in range(9))
    playing, sink = Playing(backfill=True, clock=lambda: next(moments)), Sink()
    playing.play([article(5), article(1)], sink)
    assert {each.backfill for each in sink.confirmed} == {True}
    assert {each.id: each.fetched_at for each in sink.confirmed} == {
        "5": START + timedelta(days=2),
        "1": START + timedelta(days=2, seconds=1),
    }


def test_a_stop_is_heard_while_waiting_for_the_next_article() -> None:
    playing = Playing(speed=1.0)
    playing.low = LowWater()
    sink = Sink()
    begun = time.monotonic()

    def archive():
        yield article(0)
        playing.stop.set()
        yield article(600)

    with pytest.raises(StoppedError):
        playing.play(archive(), sink)
    assert time.monotonic() - begun < 30


def test_articles_go_at_the_pace_of_their_times() -> None:
    playing, sink = Playing(speed=600.0), Sink()
    begun = time.monotonic()
    playing.play([article(0), article(10)], sink)
    assert time.monotonic() - begun >= 1.0
