"""Stories in Redis are those in memory, whoever reads them in whatever hurry; and they are forgotten in time."""

from __future__ import annotations

import asyncio
import random
import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.streams import FACTOR
from tests.unit.watch.tellings_of import QUAKE, assigned, copy, edited, minhash, own, text, unit
from topics.annotations import Annotation
from workers.redis_client import Redis, connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.durations import to_micros
from workers.watch.redis_stories import SECONDS_TO_LIVE, Stories
from workers.watch.stories import mark_of, text_id
from workers.watch.story_index import Assigned
from workers.watch.story_reader import StoryReader

NAMESPACES = count()


@pytest.fixture
def stories(client: Redis) -> Stories:
    return Stories(client, Keys("t"))


def random_article(dice: random.Random, number: int) -> Annotation:
    """One of a few happenings, in words of its own or copied, in order or not."""
    happening = dice.randrange(6)
    terms = [f"h{happening}w{n}" for n in dice.sample(range(12), 7)] + [f"c{n}" for n in dice.sample(range(9), 3)]
    dice.shuffle(terms)
    words = edited(text(happening), dice.choice([0.0, 0.05, 0.2]), number) if dice.random() < 0.5 else text(number)
    day = happening / 2 + dice.uniform(0, 3)
    told = event("protest", dice.choice(["KP", "RU"]), when=dice.choice([None, "2026-03-02", "2026-03-05"]))
    return annotation(
        f"a{dice.randrange(40)}", at(days=day), *([told] if dice.random() < 0.5 else []),
        minhash=minhash(words) if dice.random() < 0.9 else "", terms=unit(terms),
        years=tuple(dice.sample([2024, 2025, 2026], dice.choice([0, 0, 1]))),
    )  # fmt: skip


@settings(max_examples=15 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    most=st.sampled_from([2, 64]),
    workers=st.sampled_from([1, 1, 2, 3]),
    limits=st.tuples(st.sampled_from([1, 30, 3_000]), st.sampled_from([1, 3, 64])),
)
def test_stories_in_memory_are_those_in_redis_whatever_the_batches(redis_url, seed, most, workers, limits) -> None:
    """By whoever it is read, however much they remember, however late they hear of each other."""
    remembered, log = limits
    dice = random.Random(seed)
    told = [random_article(dice, number) for number in range(50)]

    async def in_redis(batch: int) -> list[Assigned]:
        client = connect(Settings(redis_url=redis_url))
        keys = Keys(f"m{next(NAMESPACES)}")
        crew = [Stories(client, keys) for _ in range(workers)]
        found = []
        for n in range(0, len(told), batch):
            found += await dice.choice(crew).assign(told[n : n + batch])
        await client.aclose()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.watch.story_index.MAX_POSTING", most)
        patch.setattr("workers.watch.story_cache.MOST_HEAVY", remembered)
        patch.setattr("workers.watch.story_cache.MOST_LIGHT", remembered)
        patch.setattr("workers.watch.redis_stories._LOG_ENTRIES", log)
        found = assigned(*told)
        assert found == asyncio.run(in_redis(dice.choice([1, 3, dice.randint(1, 50)])))
    if most > 2:
        assert len({one.story for one in found}) < len({one.text for one in found}) < len({a.article_id for a in told})


async def test_workers_that_read_the_same_news_at_the_same_time_find_one_story(redis_url) -> None:
    async def worker(name: str) -> list[Assigned]:
        client = connect(Settings(redis_url=redis_url))
        told = [own(f"{name}{n}", QUAKE, at(minutes=n)) for n in range(4)]
        told += [copy(f"{name}{n}copy", edited(text(1), 0.05, n), at(minutes=n)) for n in range(4)]
        found = await Stories(client, Keys("t")).assign(told)
        await client.aclose()
        return found

    for _ in range(5):
        found = await asyncio.gather(*(worker(name) for name in "abcde"))
        assert [len({one.story for one in each}) for each in zip(*found, strict=True)] == [1] * 8
        assert len({one.text for each in found for one in each[4:]}) == 1
        client = connect(Settings(redis_url=redis_url))
        await client.flushall()
        await client.aclose()


@pytest.mark.parametrize("workers", [8, pytest.param(16, marks=pytest.mark.heavy)])
async def test_workers_side_by_side_leave_what_one_of_them_would_have_left(workers, redis_url, client) -> None:
    """Each sum of a story holds all of its articles, each posting all of its marks: nobody wrote over anybody.

    And each has its turn: of eight that try again at once, one or two are too late every time;
    of sixteen, some are with pauses of a tenth of a second.
    """

    async def worker(number: int) -> list[Assigned]:
        own_client = connect(Settings(redis_url=redis_url))
        stories = Stories(own_client, Keys("t"))
        told = [own(f"{number}n{n}", f"{QUAKE} w{number}x{n}", at(minutes=n)) for n in range(40)]
        found = [one for n in range(0, 40, 3) for one in await stories.assign(told[n : n + 3])]
        await own_client.aclose()
        return found

    found = [one for each in await asyncio.gather(*map(worker, range(workers))) for one in each]
    (story_id,) = {one.story for one in found}
    known = await StoryReader(client, Keys("t")).known([story_id])
    assert known[story_id].articles == len(found) == len({one.text for one in found}) == 40 * workers


async def test_a_worker_whose_redis_was_emptied_or_restored_forgets_what_it_knew(redis_url, client) -> None:
    stories, other = Stories(client, Keys("t")), Stories(client, Keys("t"))
    (first,) = await stories.assign([copy("a", text(1), terms=QUAKE)])
    await client.flushall()
    assert await other.assign([copy("x", text(2), terms=QUAKE)]) == [Assigned(*story_and_text("x"))]
    assert await other.assign([copy("y", text(3), terms="bond yen coupon")])
    (second,) = await stories.assign([copy("b", text(1), terms=QUAKE)])
    assert second.story == story_and_text("x")[0] != first.story
    assert second.text == story_and_text("b")[1] != first.text


def story_and_text(article: str) -> tuple[str, str]:
    """Those that it would begin."""
    mark = mark_of(article, to_micros(at(0)))
    return f"s{mark}", f"t{mark}"


async def test_what_is_dropped_comes_back_with_an_end_to_its_life(stories, client) -> None:
    """Shares of old spans go as whole keys; an article that is late all the same makes new ones."""
    late = [own(f"l{n}", f"{QUAKE} l{n}", at(0)) for n in range(3)]
    await stories.assign(late[:1])
    await stories.assign([own("n", QUAKE, at(days=30))])
    await stories.assign(late[1:])
    for key in [key async for key in client.scan_iter()]:
        assert 0 < await client.ttl(key) <= SECONDS_TO_LIVE


async def test_all_is_forgotten_in_time_and_lies_in_one_slot(stories, client) -> None:
    await stories.assign([copy("a", text(1), terms=QUAKE)])
    keys = [key async for key in client.scan_iter()]
    assert len(keys) == 1 + 1 + 1 + 8 + 8 + 3
    for key in keys:
        assert re.match(r"\{t:stories\}", key)
        assert 0 < await client.ttl(key) <= SECONDS_TO_LIVE


async def test_what_is_old_by_event_time_is_dropped_when_an_archive_is_read_fast(stories, client) -> None:
    sizes = []
    for day in range(0, 60, 3):
        await stories.assign([own(f"a{day}n{n}", f"{QUAKE} t{day}x{n}", at(days=day)) for n in range(5)])
        sizes.append(await client.dbsize())
    assert max(sizes[4:]) <= 1.4 * sizes[3]
    undated = own("u", QUAKE, at(days=4000)).model_copy(update={"event_time_source": "fetched"})
    kept = await client.dbsize()
    await stories.assign([undated])
    assert await client.dbsize() > kept, "an article without a date says nothing of how far the news has come"


async def test_a_formula_that_everybody_prints_fills_a_band_and_stops_nobody(stories, monkeypatch) -> None:
    monkeypatch.setattr("workers.watch.story_index.MAX_POSTING", 5)
    formula = text(1)
    found = [story for _ in range(2) for story in await stories.assign([copy(f"a{n:02}", formula) for n in range(40)])]
    assert len(set(found)) == 1
    assert await stories.assign([copy("later", formula, at(1))]) == [found[0]]


async def test_a_batch_that_needs_more_than_a_worker_remembers_comes_to_its_end(client, monkeypatch) -> None:
    monkeypatch.setattr("workers.watch.story_cache.MOST_HEAVY", 60)
    told = [own(f"a{m}", f"place:p{m % 300} ID shared{m % 7} w{m} x{m % 11}", at(minutes=m)) for m in range(200)]
    stories, found = Stories(client, Keys("t")), []
    async with asyncio.timeout(120):
        for at_ in range(0, len(told), 50):
            found += await stories.assign(told[at_ : at_ + 50])
        assert await Stories(client, Keys("t")).assign(told[:100]) == found[:100]
    assert found == assigned(*told)


async def test_cells_of_which_no_version_tells_are_found(client) -> None:
    """As an earlier release left them, or a Redis that lost one key; whatever is done first."""
    keys = Keys("t")
    before = own("a1", QUAKE, at(0)), own("b1", "strike rail Berlin", at(0))
    known = await Stories(client, keys).assign(before)
    await client.delete(keys.stories.version, keys.stories.log)
    await client.sadd(keys.stories.eras, "1")  # an old span: dropping it is the first that is written
    assert await Stories(client, keys).assign(before) == known
    assert await Stories(client, keys).assign([own("a2", QUAKE, at(minutes=5))]) == [
        Assigned(known[0].story, text_id(mark_of("a2", to_micros(at(minutes=5)))))
    ]
