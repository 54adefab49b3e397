"""Copies of one text are one story, in whatever hurry and by however many workers they are read."""

from __future__ import annotations

import asyncio
import base64
import random
import re
import struct

import pytest
from datasketch import MinHash

from tests.unit.watch.builders import annotation, at
from topics.annotations import Annotation
from workers.redis_client import Redis, connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.redis_stories import Stories
from workers.watch.stories import bands, founded_by, signature, similarity

WORDS = [f"word{n}" for n in range(800)]


def text(seed: int, length: int = 300) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(WORDS) for _ in range(length)]


def edited(words: list[str], share: float, seed: int = 0) -> list[str]:
    """`words` with a run of new ones put in the place of a `share` of them, as an editor changes a paragraph."""
    changed = int(len(words) * share)
    return [*text(seed + 9999, changed), *words[changed:]]


def minhash(words: list[str]) -> str:
    """As the contract says: 64 little-endian uint32 over word 5-shingles."""
    found = MinHash(num_perm=64, seed=1)
    found.update_batch(" ".join(words[n : n + 5]).encode() for n in range(len(words) - 4))
    return base64.b64encode(struct.pack("<64I", *(int(h) & 0xFFFFFFFF for h in found.hashvalues))).decode()


def told(article: str, words: list[str], when=None) -> Annotation:
    return annotation(article, when or at(0), minhash=minhash(words))


@pytest.fixture
def stories(client: Redis) -> Stories:
    return Stories(client, Keys("t"))


async def test_copies_have_the_story_of_the_first_and_others_their_own(stories) -> None:
    wire = text(1)
    batch = [told("b", wire, at(1)), told("c", edited(wire, 0.1), at(2)), told("x", text(2), at(1)), told("a", wire)]
    b, c, x, a = await stories.assign(batch)
    assert b == c == a == founded_by("b")
    assert x == founded_by("x")
    assert await stories.assign(batch) == [b, c, x, a]


async def test_thirty_outlets_with_small_changes_of_their_own_tell_one_story(stories) -> None:
    wire = text(1)
    copies = [told(f"c{n:02}", edited(wire, 0.12, seed=n), at(minutes=n)) for n in range(30)]
    found = [story for n in range(0, 30, 7) for story in await stories.assign(copies[n : n + 7])]
    assert len(set(found)) == 1


async def test_a_text_used_again_after_days_is_a_story_of_its_own(stories) -> None:
    formula = text(1)
    first, near, far = await stories.assign(
        [told("a", formula), told("b", formula, at(days=3)), told("c", formula, at(days=7))]
    )
    assert first == near != far


async def test_articles_without_a_text_are_copies_of_nothing(stories) -> None:
    assert await stories.assign([annotation("a", at(0)), annotation("b", at(0))]) == [founded_by("a"), founded_by("b")]
    assert await stories.assign([annotation("c", at(0), minhash="no base64!")]) == [founded_by("c")]


async def test_an_article_keeps_its_story_whatever_its_revisions_say(stories) -> None:
    (first,) = await stories.assign([told("a", text(1))])
    await stories.assign([told("b", text(2))])
    assert await stories.assign([told("a", text(2))]) == [first]
    assert await stories.assign([told("a", text(3)), told("a", text(4))]) == [first, first]


async def test_workers_that_read_copies_at_the_same_time_find_one_story(redis_url) -> None:
    wire = text(1)

    async def worker(name: str) -> list[str]:
        client = connect(Settings(redis_url=redis_url))
        found = await Stories(client, Keys("t")).assign([told(f"{name}{n}", edited(wire, 0.05, n)) for n in range(8)])
        await client.aclose()
        return found

    for _ in range(5):
        found = await asyncio.gather(*(worker(name) for name in "abcde"))
        assert len({story for stories_ in found for story in stories_}) == 1
        client = connect(Settings(redis_url=redis_url))
        await client.flushall()
        await client.aclose()


async def test_all_is_forgotten_in_time_and_lies_in_one_slot(stories, client) -> None:
    await stories.assign([told("a", text(1))])
    keys = [key async for key in client.scan_iter()]
    assert len(keys) == 17
    for key in keys:
        assert re.match(r"\{t:stories\}", key)
        assert 0 < await client.ttl(key) <= 6 * 86400


def test_similarity_is_what_it_says() -> None:
    one, other = signature(minhash(text(1))), signature(minhash(edited(text(1), 0.3)))
    assert one
    assert other
    assert similarity(one, one) == 1
    assert 0.3 < similarity(one, other) < 0.75  # 0.7 of the words stand, 0.54 of all shingles are shared
    assert similarity(one, signature(minhash(text(5))) or ()) < 0.1
    assert len(set(bands(minhash(text(1))))) == 16


async def test_a_formula_that_everybody_prints_fills_a_band_and_stops_nobody(stories, monkeypatch) -> None:
    monkeypatch.setattr("workers.watch.redis_stories.MAX_BAND", 5)
    formula = text(1)
    found = [story for _ in range(2) for story in await stories.assign([told(f"a{n:02}", formula) for n in range(40)])]
    assert set(found) == {founded_by("a00")}
    assert await stories.assign([told("later", formula, at(1))]) == [founded_by("a00")]
