"""Which articles are one story and which texts are copies, in whatever hurry, by however many workers they are read."""

from __future__ import annotations

import random

import pytest

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.tellings_of import QUAKE, WORDS, assigned, copy, edited, minhash, own, text
from topics.annotations import Annotation
from workers.redis_client import Redis
from workers.redis_keys import Keys
from workers.watch.copies import bands, from_wire, shortened, signature, similarity, to_wire
from workers.watch.durations import DAY
from workers.watch.redis_stories import Stories
from workers.watch.stories import ERA, Story, era_of_mark, founded, mark_of
from workers.watch.story_index import MemoryStories
from workers.watch.tellings import telling_of


def stories_of(*articles: Annotation) -> list[int]:
    """The articles' stories, numbered as they come."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(found.story, len(numbers)) for found in assigned(*articles)]


@pytest.fixture
def stories(client: Redis) -> Stories:
    return Stories(client, Keys("t"))


# -- one happening in different words --------------------------------------------------------------------------------


def test_one_happening_in_different_words_is_one_story_of_several_texts() -> None:
    found = assigned(
        own("a", QUAKE, at(0)),
        own("b", "quake place:aceh ID magnitude earthquake killed hospital", at(5)),
        own("c", "place:aceh survivors ID earthquake epicentre rescue", at(20)),
        own("x", "election FR parliament ballots person:marie-dupont", at(6)),
    )
    assert len({one.story for one in found[:3]}) == 1
    assert found[3].story != found[0].story
    assert len({one.text for one in found}) == 4


def test_an_earthquake_in_may_and_another_in_july() -> None:
    assert stories_of(own("may", QUAKE, at(0)), own("july", QUAKE, at(days=61)), own("b", QUAKE, at(days=61))) == [
        0,
        1,
        1,
    ]


LAUNCH = "missile KP launch ballistic japan sea person:kim-jong-un fired"


def test_two_launches_a_week_apart_though_the_first_is_told_every_day() -> None:
    def launch(name: str, day: float, happened: str) -> Annotation:
        return own(name, LAUNCH, at(days=day), event("missile_launch", "KP", when=happened))

    first = [launch(f"a{day}", day, "2026-03-01") for day in range(7)]
    second = [launch("b", 7, "2026-03-08"), launch("c", 7.5, "2026-03-08")]
    assert stories_of(*first, *second) == [0] * 7 + [1, 1]


def test_an_article_that_recalls_the_last_launch_tells_of_the_new_one() -> None:
    old = own("a", LAUNCH, at(0), event("missile_launch", "KP", when="2026-03-01"))
    new = own("b", LAUNCH, at(days=2.9), event("missile_launch", "KP", when="2026-03-03"))
    again = own(
        "c", LAUNCH, at(days=3), event("missile_launch", "KP", when="2026-03-03"),
        event("missile_launch", "KP", when="2026-02-20"),
    )  # fmt: skip
    assert stories_of(old, new, again) == [0, 1, 1]


def test_like_happenings_of_one_day_in_other_places_of_other_people_and_of_other_years() -> None:
    chile = "earthquake CL place:valparaiso magnitude struck epicentre usgs depth"
    japan = "earthquake JP place:sendai magnitude struck epicentre usgs depth"
    quakes = [event("disaster", place="CL"), event("disaster", place="JP")]
    assert stories_of(own("a", chile, at(0), quakes[0]), own("b", japan, at(1), quakes[1])) == [0, 1]
    arrests = "person:{} chargers suspicion drunken driving charged lawyer"
    assert stories_of(own("a", arrests.format("vincent-jackson")), own("b", arrests.format("jamal-williams"))) == [0, 1]


def test_other_years_speak_against_one_story_and_do_not_forbid_it() -> None:
    def stories(shared: str, year: int) -> list[int]:
        old = own("a", f"{shared} tuesday worm emergency attackers", years=(2008,))
        return stories_of(old, own("b", f"{shared} explorer hackers update september", years=(year,)))

    assert stories("microsoft", 2008) == [0, 0]
    assert stories("microsoft", 2013) == [0, 1]
    assert stories("microsoft patch browser vulnerability", 2013) == [0, 0], "so alike: a slip, or one looks back"


def test_a_formula_with_other_names_is_no_story_however_many_use_it() -> None:
    formula = "quarter revenue earnings shareholders dividend payable april"
    firms = [f"organisation:firm-{n}" for n in range(30)]
    found = stories_of(*(own(f"a{n}", f"{formula} {firm} firm-{n}", at(minutes=n)) for n, firm in enumerate(firms)))
    assert found == list(range(30))
    assert stories_of(own("a", formula), own("b", formula)) == [0, 0], "nothing named, nothing known against it"


def test_a_story_that_goes_on_is_told_as_a_new_one_in_the_end() -> None:
    found = stories_of(*(own(f"a{day:02}", QUAKE, at(days=day)) for day in range(16)))
    assert found == sorted(found)
    assert 2 <= len(set(found)) <= 3


def test_a_story_of_many_articles_still_takes_more_and_stays_small() -> None:
    memory = MemoryStories()
    dice = random.Random(1)
    told = [own(f"a{n}", f"{QUAKE} {' '.join(dice.sample(WORDS, 20))}", at(minutes=n)) for n in range(300)]
    assert len({memory.assign(article).story for article in told}) == 1


def test_a_story_is_what_it_was_after_a_way_through_redis() -> None:
    telling = telling_of(own("a", QUAKE, at(0), event("disaster", place="ID", when="2026-03-01"), years=(2026, 2004)))
    mark = mark_of("a", telling.time)
    story = founded(telling, mark, mark).joined(telling, mark_of("b", telling.time))
    assert Story.from_wire(mark, story.to_wire()) == story


def test_a_mark_tells_its_span_of_time() -> None:
    for era in (-3, 0, 6849, 7000):
        for near in range(era - 30, era + 30, 7):
            assert era_of_mark(mark_of("a", era * ERA + DAY), near) == era


# -- copies ----------------------------------------------------------------------------------------------------------


async def test_copies_have_the_story_and_the_text_of_the_first_and_others_their_own(stories) -> None:
    wire = text(1)
    batch = [copy("b", wire, at(1)), copy("c", edited(wire, 0.1), at(2)), copy("x", text(2), at(1)), copy("a", wire)]
    b, c, x, a = found = await stories.assign(batch)
    assert b == c == a != x
    assert x.story != b.story
    assert x.text != b.text
    assert await stories.assign(batch) == found


async def test_thirty_outlets_with_small_changes_of_their_own_bring_one_text(stories) -> None:
    wire = text(1)
    copies = [copy(f"c{n:02}", edited(wire, 0.12, seed=n), at(minutes=n)) for n in range(30)]
    found = [story for n in range(0, 30, 7) for story in await stories.assign(copies[n : n + 7])]
    assert len(set(found)) == 1


def test_a_text_with_every_tenth_word_changed_is_a_copy_within_its_story_only() -> None:
    def sprinkled(words: list[str], seed: int) -> list[str]:
        dice = random.Random(seed)
        return [dice.choice(WORDS) if dice.random() < 0.1 else word for word in words]

    wire, other = text(1), sprinkled(text(1), 5)
    first, rewritten, elsewhere = assigned(
        copy("a", wire, terms=QUAKE), copy("b", other, terms=QUAKE), copy("c", other, terms="bond yen coupon issue")
    )
    assert 0.2 < similarity(signature(minhash(wire)) or (), signature(minhash(other)) or ()) < 0.6
    assert first == rewritten
    assert elsewhere == rewritten, "a copy of b, word for word"
    assert assigned(copy("a", wire, terms=QUAKE), copy("c", other, terms="bond yen coupon"))[1].text != first.text


async def test_a_text_used_again_after_days_is_a_story_of_its_own(stories) -> None:
    formula = text(1)
    first, near, far = await stories.assign(
        [copy("a", formula), copy("b", formula, at(days=3)), copy("c", formula, at(days=7))]
    )
    assert first == near
    assert first.story != far.story
    assert first.text != far.text


async def test_articles_without_a_text_are_copies_of_nothing(stories) -> None:
    found = await stories.assign(
        [annotation("a", at(0)), annotation("b", at(0)), annotation("c", at(0), minhash="no!")]
    )
    assert len({one.story for one in found}) == len({one.text for one in found}) == 3


async def test_an_article_keeps_its_story_whatever_its_revisions_say(stories) -> None:
    (first,) = await stories.assign([copy("a", text(1))])
    await stories.assign([copy("b", text(2))])
    assert await stories.assign([copy("a", text(2))]) == [first]
    assert await stories.assign([copy("a", text(3)), copy("a", text(4))]) == [first, first]
    assert await stories.assign([copy("a", text(2), at(days=2))]) == [first], "dated otherwise by its publisher"


def test_similarity_is_what_it_says() -> None:
    one, other = signature(minhash(text(1))), signature(minhash(edited(text(1), 0.3)))
    assert one
    assert other
    assert similarity(one, one) == 1
    assert 0.3 < similarity(one, other) < 0.75  # 0.7 of the words stand, 0.54 of all shingles are shared
    assert similarity(shortened(one), shortened(other)) == similarity(one, other)
    assert from_wire(to_wire(shortened(one))) == shortened(one)
    assert similarity(one, signature(minhash(text(5))) or ()) < 0.1
    assert len(set(bands(one))) == 8
