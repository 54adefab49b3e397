"""Rolling counts against counting by hand, over random articles, revisions, partitions and windows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.unit.watch.builders import annotation, at, event
from topics.annotations import Annotation
from workers.redis_keys import Keys
from workers.watch.contributions import KINDS, WINDOWS, contribution_of
from workers.watch.counts import Countable, CountReader, Counts
from workers.watch.durations import to_micros

LENGTHS = {"1h": (timedelta(minutes=1), 60), "24h": (timedelta(hours=1), 24), "7d": (timedelta(hours=1), 168)}
SYMMETRIC = frozenset({"summit"})


def random_article(dice: random.Random, article: int, revision: int) -> Annotation:
    ids = ["KP", "RU", "US", "person:x"]
    return annotation(
        f"a{article}",
        at(dice.uniform(0, 24 * 9)),
        *(
            event(dice.choice(["summit", "protest"]), *dice.sample(ids, dice.randint(0, 2)), target=[dice.choice(ids)],
                  status=dice.choice(["actual", "actual", "future"]))
            for _ in range(dice.randint(0, 3))
        ),
        revision=revision,
        entities=tuple(dice.sample(ids, dice.randint(0, 4))),
    )  # fmt: skip


def inside(moment: datetime, end: datetime, window: str) -> bool:
    """Buckets that end with the one that holds `end`."""
    size, number = LENGTHS[window]
    epoch = datetime(1970, 1, 1, tzinfo=end.tzinfo)
    return 0 <= (end - epoch) // size - (moment - epoch) // size < number


def by_hand(articles: list[Annotation], kind: str, window: str, end: datetime) -> dict[str, int]:
    found: Counter[str] = Counter()
    for told in articles:
        if not inside(told.event_time, end, window):
            continue
        actual = [e for e in told.events if e.status == "actual"]
        if kind == "entity":
            found.update({e.id for e in told.entities})
        elif kind == "event":
            found.update({e.type for e in actual})
        else:
            found.update(
                {f"{e.type}:{p.id}" for e in actual for p in (*e.actor, *(e.target if e.type == "summit" else ()))}
            )
    return dict(found)


@pytest.mark.parametrize("seed", range(6))
async def test_counts_are_what_counting_by_hand_gives(client, seed) -> None:
    dice = random.Random(seed)
    counts = Counts(client, Keys("t"), SYMMETRIC)
    newest: dict[str, Annotation] = {}
    offsets = Counter[int]()
    waiting: list[Countable] = []
    for _ in range(150):
        article = dice.randrange(80)
        known = newest.get(f"a{article}")
        revision = int(known.revision[1:]) + 1 if known else 1
        told = newest[f"a{article}"] = random_article(dice, article, revision)
        partition = article % 3
        waiting.append(Countable(partition, offsets[partition], (to_micros(told.fetched_at), offsets[partition]), told))
        offsets[partition] += 1
        if dice.random() < 0.2:
            await counts.apply(waiting)
            await counts.apply(waiting[-dice.randrange(1, 9) :])  # some of them again
            await counts.done(dict(offsets))
            waiting = []
    await counts.apply(waiting)
    await counts.done(dict(offsets))
    reader = CountReader(client, Keys("t"))
    for window in WINDOWS:
        for kind in KINDS:
            for end in (at(days=9), at(days=4, minutes=dice.randrange(1440)), at(0)):
                ranked = await reader.top(kind, window, to_micros(end))
                assert dict(ranked) == by_hand(list(newest.values()), kind, window, end)
                assert ranked == sorted(ranked, key=lambda row: (-row[1], row[0]))


async def test_an_article_counts_once_however_often_it_names_a_thing(client) -> None:
    told = annotation("a", at(0), event("protest", "KP"), event("protest", "KP"), entities=("KP", "KP"))
    assert contribution_of(told, SYMMETRIC).members == {
        "entity": ("KP",),
        "event": ("protest",),
        "pair": ("protest:KP",),
    }


async def test_an_archive_of_1987_can_be_counted_and_one_from_before_1970(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    for offset, year in enumerate((1987, 1969)):
        when = datetime(year, 10, 19, 14, 30, tzinfo=at(0).tzinfo)
        told = annotation(f"a{year}", when, entities=("US",))
        await counts.apply([Countable(0, offset, (1, offset), told)])
        await counts.done({0: offset + 1})
        for window in WINDOWS:
            assert await reader.top("entity", window, to_micros(when)) == [("US", 1)]
    assert await reader.newest() == to_micros(datetime(1987, 10, 19, 14, 30, tzinfo=at(0).tzinfo))


async def test_undated_articles_say_how_far_the_news_is_only_if_there_are_no_others(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    assert await reader.newest() is None
    undated = annotation("u", at(days=99)).model_copy(update={"event_time_source": "fetched"})
    await counts.apply([Countable(0, 0, (1, 0), undated)])
    await counts.done({0: 1})
    assert await reader.newest() == to_micros(at(days=99))
    await counts.apply([Countable(0, 1, (1, 1), annotation("d", at(0)))])
    assert await reader.newest() == to_micros(at(0))
