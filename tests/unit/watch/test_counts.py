"""Rolling counts against counting by hand, over random articles, revisions, partitions and windows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.unit.watch.builders import annotation, at, event
from topics.annotations import Annotation
from workers.redis_keys import Keys
from workers.watch.contributions import WINDOWS, contribution_of
from workers.watch.count_log import KINDS
from workers.watch.count_reader import MEASURES, CountReader, Span, span_of
from workers.watch.counts import Countable, Counts
from workers.watch.durations import to_micros
from workers.watch.sightings import stamp_of
from workers.watch.stories import mark_of, story_id, text_id
from workers.watch.story_index import Assigned

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
        source=dice.choice([None, "bbc", "KP", "dpa"]),
        entities=tuple(dice.sample(ids, dice.randint(0, 4))),
    )  # fmt: skip


def inside(moment: datetime, end: datetime, window: str) -> bool:
    """Buckets that end with the one that holds `end`."""
    size, number = LENGTHS[window]
    epoch = datetime(1970, 1, 1, tzinfo=end.tzinfo)
    return 0 <= (end - epoch) // size - (moment - epoch) // size < number


def by_hand(articles: list[Annotation], kind: str, window: str, end: datetime, by: str = "articles") -> dict[str, int]:
    found: dict[str, set[str]] = {}
    for told in articles:
        if not inside(told.event_time, end, window):
            continue
        actual = [e for e in told.events if e.status == "actual"]
        if kind == "entity":
            ids = {e.id for e in told.entities}
        elif kind == "event":
            ids = {e.type for e in actual}
        else:
            ids = {f"{e.type}:{p.id}" for e in actual for p in (*e.actor, *(e.target if e.type == "summit" else ()))}
        given = assigned(told.article_id)
        whats = {"articles": told.article_id, "texts": given.text, "stories": given.story, "sources": told.source}
        what = whats[by]
        for id_ in ids:
            found.setdefault(id_, set()).update([what] if what else [])
    return {id_: len(different) for id_, different in found.items() if different}


def assigned(article_id: str) -> Assigned:
    """Eight texts, four stories; an article keeps those that it was given."""
    number = int(article_id[1:])
    story, text = mark_of(f"s{number % 4}", to_micros(at(0))), mark_of(f"s{number % 8}", to_micros(at(0)))
    return Assigned(story_id(story), text_id(text))


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
        stamp = stamp_of(told, offsets[partition])
        waiting.append(Countable(partition, offsets[partition], stamp, told, assigned(told.article_id)))
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
                for by in MEASURES:
                    ranked = await reader.top(kind, window, to_micros(end), by=by)
                    assert dict(ranked) == by_hand(list(newest.values()), kind, window, end, by)
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
        await counts.apply([Countable(0, offset, stamp_of(told, offset), told)])
        await counts.done({0: offset + 1})
        for window in WINDOWS:
            assert await reader.top("entity", window, to_micros(when)) == [("US", 1)]
    assert await reader.newest() == to_micros(datetime(1987, 10, 19, 14, 30, tzinfo=at(0).tzinfo))


async def test_undated_articles_say_how_far_the_news_is_only_if_there_are_no_others(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    assert await reader.newest() is None
    undated = annotation("u", at(days=99)).model_copy(update={"event_time_source": "fetched"})
    await counts.apply([Countable(0, 0, stamp_of(undated, 0), undated)])
    await counts.done({0: 1})
    assert await reader.newest() == to_micros(at(days=99))
    dated = annotation("d", at(0))
    await counts.apply([Countable(0, 1, stamp_of(dated, 1), dated)])
    assert await reader.newest() == to_micros(at(0))


async def test_a_series_has_a_count_for_every_part_of_its_window(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    moments = [at(0), at(0.5), at(1.2), at(1.3), at(30)]
    for offset, moment in enumerate(moments):
        told = annotation(f"a{offset}", moment, entities=("KP",), source="bbc")
        await counts.apply([Countable(0, offset, stamp_of(told, offset), told)])
    await counts.done({0: len(moments)})
    for window, parts in (("1h", 60), ("24h", 24), ("7d", 28)):
        for end in (at(1.3), at(30)):
            series = await reader.series("entity", "KP", window, to_micros(end))
            assert len(series) == parts
            assert sum(n for _, n in series) == sum(inside(moment, end, window) for moment in moments)
    day = dict(await reader.series("entity", "KP", "24h", to_micros(at(1.3)), by="sources"))
    assert (day[to_micros(at(0))], day[to_micros(at(1))], day[to_micros(at(-1))]) == (1, 1, 0)
    assert {n for _, n in await reader.series("entity", "nobody", "24h", to_micros(at(1)))} == {0}


async def test_stories_are_ranked_by_outlets_then_by_texts(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    for number, source in enumerate(["bbc", "dpa", "afp", "bbc", "bbc", None, "afp", "dpa", "bbc"]):
        given = assigned(f"a{number}")
        told = annotation(f"a{number}", at(minutes=number), source=source)
        await counts.apply([Countable(0, number, stamp_of(told, number), told, given)])
    await counts.done({0: 9})
    found = await reader.stories(span_of("24h", to_micros(at(1))))
    assert [(s.articles, s.texts, s.sources) for s in found] == [(2, 2, 2), (3, 2, 1), (2, 2, 1), (2, 2, 1)]
    assert found[1].story == assigned("a0").story
    assert await reader.stories(Span(0, 60)) == []


async def test_a_revision_of_another_hour_leaves_nothing_behind(client) -> None:
    counts, reader = Counts(client, Keys("t"), SYMMETRIC), CountReader(client, Keys("t"))
    told = [
        annotation("a", at(hours), entities=("KP", name), revision=revision)
        for revision, (hours, name) in enumerate([(0, "RU"), (0, "US"), (50, "CN"), (0, "FR")], 1)
    ]
    batch = [Countable(0, n, stamp_of(one, n), one) for n, one in enumerate(told)]
    await counts.apply(batch[:1])
    await counts.apply(batch)
    await counts.apply(batch)
    await counts.done({0: 4})
    assert await reader.top("entity", "7d", to_micros(at(60))) == [("FR", 1), ("KP", 1)]


async def test_counts_of_an_article_take_few_bytes_and_expire(client) -> None:
    counts = Counts(client, Keys("t"), SYMMETRIC)
    dice = random.Random(1)
    names = [f"person:some-name-{n}" for n in range(2000)]
    before = (await client.info("memory"))["used_memory"]
    for batch in range(20):
        told = [
            annotation(f"u{batch:08}{n:012}", at(minutes=batch), entities=tuple(dice.sample(names, 30)), source="x")
            for n in range(100)
        ]
        await counts.apply([Countable(0, batch * 100 + n, stamp_of(one, n), one) for n, one in enumerate(told)])
    taken = (await client.info("memory"))["used_memory"] - before
    assert taken / 2000 < 700, "with 2,000 names of some 150 bytes, and a string that may be half empty"
    async for key in client.scan_iter():
        assert await client.ttl(key) > 0
