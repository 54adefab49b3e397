"""Old news pushed afterwards is counted and joined like any other, and what it completes pages nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from tests.unit.watch.builders import annotation, at, event, temporal
from tests.unit.watch.test_step import Heard, handled, incoming
from tests.unit.watch.test_waiting import World, unanswered
from topics.alerts import Alert
from topics.annotations import Annotation
from workers.watch.backtest import Backtest
from workers.watch.contributions import Guard, counted
from workers.watch.sightings import Circumstances, Sighting, prevailing, seen, stamp_of


def old(found: Annotation) -> Annotation:
    return found.model_copy(update={"backfill": True})


LAUNCH = annotation("a", at(0), event("missile_launch", "KP"))
SUMMIT = annotation("b", at(1), event("summit", "KP", "RU"))


def said(heard: Heard) -> list[Alert]:
    return [out.record for out in heard.outgoing if isinstance(out.record, Alert)]


async def rung(client, *articles: Annotation) -> Heard:
    world, heard = World(), Heard()
    step = world.step(client, temporal())
    await step.start(heard.publish)
    for offset, article in enumerate(articles):
        await handled(step, heard, incoming(article, offset))
    return heard


async def test_what_old_news_completes_is_muted_and_said_to_be(client) -> None:
    heard = await rung(client, old(LAUNCH), old(SUMMIT))
    assert [alert.muted for alert in said(heard)] == ["backfill"]


async def test_what_live_news_completes_rings_even_if_its_first_half_was_pushed_afterwards(client) -> None:
    heard = await rung(client, old(LAUNCH), SUMMIT)
    assert [alert.muted for alert in said(heard)] == [None]


async def test_an_old_half_that_comes_after_the_live_one_pages_nobody(client) -> None:
    heard = await rung(client, SUMMIT, old(LAUNCH))
    assert [alert.muted for alert in said(heard)] == ["backfill"]


async def test_the_alert_is_the_same_whichever_way_its_articles_came(client) -> None:
    first = await rung(client, LAUNCH, SUMMIT)
    await client.flushall()
    second = await rung(client, old(LAUNCH), old(SUMMIT))
    assert first.firing == second.firing


async def test_what_nobody_was_told_of_quiets_no_live_match(client) -> None:
    more = annotation("c", at(2), event("summit", "KP", "RU"))
    heard = await rung(client, old(LAUNCH), old(SUMMIT), more)
    assert [alert.muted for alert in said(heard)] == ["backfill", None]


async def test_nor_does_it_after_the_window_has_moved_on(client) -> None:
    world, heard = World(), Heard()
    step = world.step(client, temporal(cooldown="72h"))
    await step.start(heard.publish)
    live = [
        annotation("c", at(60), event("missile_launch", "KP")),
        annotation("d", at(61), event("summit", "KP", "RU")),
        annotation("e", at(62), event("summit", "KP", "RU")),
    ]
    for offset, article in enumerate([old(LAUNCH), old(SUMMIT), *live]):
        await handled(step, heard, incoming(article, offset))
    assert [alert.muted for alert in said(heard)] == ["backfill", None]


async def test_old_news_takes_no_live_page_back(client) -> None:
    live = [
        annotation("c", at(10), event("missile_launch", "KP"), revision=1),
        annotation("d", at(11), event("summit", "KP", "RU"), revision=1),
    ]
    pushed = [old(found).model_copy(update={"fetched_at": at(days=1001)}) for found in (LAUNCH, SUMMIT)]
    heard = await rung(client, *live, *pushed)
    assert [(alert.state, alert.muted) for alert in said(heard) if alert.state != "updated"] == [
        ("firing", None),
        ("firing", "backfill"),
    ]


async def test_an_archive_pushed_twice_and_a_live_edit_change_nothing_of_who_was_told(client) -> None:
    def later(found: Annotation, days: int) -> Annotation:
        return found.model_copy(update={"fetched_at": at(days=1000 + days), "revision": f"later{days}"})

    more = annotation("c", at(2), event("summit", "KP", "RU"))
    told = await rung(client, old(LAUNCH), SUMMIT, later(old(LAUNCH), 1), later(SUMMIT, 2), later(more, 3))
    assert [alert.muted for alert in said(told) if alert.state == "firing"] == [None]
    await client.flushall()
    untold = await rung(client, SUMMIT, later(old(LAUNCH), 1), later(SUMMIT, 2), later(more, 3))
    assert [alert.muted for alert in said(untold) if alert.state == "firing"] == ["backfill", None]


async def test_what_live_news_says_anew_is_told_though_old_news_rang_it_unheard(client) -> None:
    changed = annotation("b", at(1), event("summit", "KP", "RU", place="CN"), revision=2)
    heard = await rung(client, old(LAUNCH), old(SUMMIT), changed)
    first, second = said(heard)
    assert (first.id, first.muted, second.muted, second.state) == (second.id, "backfill", None, "firing")
    assert second.sequence > first.sequence


async def test_silence_after_old_news_pages_nobody(client) -> None:
    world, heard = World(), Heard()
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(old(LAUNCH), 0))
    world.done, world.now = {0}, at(hours=7)
    await step.tick()
    assert [alert.muted for alert in said(heard)] == ["backfill"]


async def test_silence_after_live_news_is_told_though_old_news_lies_within_its_window(client) -> None:
    world, heard = World(), Heard()
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    await handled(step, heard, incoming(LAUNCH, 0))
    await handled(step, heard, incoming(old(annotation("o", at(1), event("missile_launch", "KP"))), 1))
    world.done, world.now = {0}, at(hours=7)
    await step.tick()
    assert [alert.muted for alert in said(heard)][:1] == [None]


async def test_what_came_live_stays_live_when_an_archive_brings_it_again(client) -> None:
    world, heard = World(), Heard()
    step = world.step(client, unanswered())
    await step.start(heard.publish)
    await step.applied(0)
    again = old(LAUNCH).model_copy(update={"fetched_at": LAUNCH.fetched_at + timedelta(hours=1)})
    await handled(step, heard, incoming(LAUNCH, 0))
    await handled(step, heard, incoming(again, 1))
    world.done, world.now = {0}, at(hours=7)
    await step.tick()
    assert [alert.muted for alert in said(heard)] == [None]


async def test_what_is_read_otherwise_when_an_archive_brings_it_again_is_old_news(client) -> None:
    world, heard = World(), Heard()
    step = world.step(client, temporal())
    await step.start(heard.publish)
    empty = annotation("b", at(1))
    again = old(SUMMIT).model_copy(update={"fetched_at": SUMMIT.fetched_at + timedelta(hours=1)})
    for offset, article in enumerate([LAUNCH, empty, again]):
        await handled(step, heard, incoming(article, offset))
    assert [alert.muted for alert in said(heard)] == ["backfill"]


def test_the_mark_survives_storage() -> None:
    known = Circumstances(None, stamp_of(old(LAUNCH), 3), None, late=False, rebuilt=False)
    sighting, _ = seen(temporal(), old(LAUNCH), known)
    assert sighting.backfill
    read_again = replace(sighting, stamp=prevailing(stamp_of(LAUNCH, 1), stamp_of(pushed_later(LAUNCH), 3)))
    for each in (sighting, read_again, replace(sighting, first=(4, 5)), replace(read_again, first=(4, 5))):
        assert Sighting.from_wire(each.to_wire()) == each


def pushed_later(found: Annotation, **changed: str) -> Annotation:
    return old(found).model_copy(update={"fetched_at": at(days=1001), **changed})


OTHER_WORDS = pushed_later(annotation("a", at(0), event("protest", "KP")), revision="of the archive")
"""What article `a` said before it told of the launch, as an archive has it."""


@pytest.mark.parametrize("order", list(permutations([LAUNCH, SUMMIT, OTHER_WORDS])))
async def test_an_archives_wording_never_replaces_what_came_live(client, order) -> None:
    heard = await rung(client, *order)
    assert len(heard.firing) == 1
    [alert] = [alert for alert in said(heard) if alert.state == "firing"]
    assert alert.muted is None
    assert "retracted" not in [alert.state for alert in said(heard)]


@pytest.mark.parametrize("order", list(permutations([LAUNCH, SUMMIT, pushed_later(SUMMIT)])))
async def test_who_is_told_does_not_hang_on_when_an_archive_brings_it_again(client, order) -> None:
    heard = await rung(client, *order)
    told = [alert for alert in said(heard) if alert.state == "firing"]
    assert told[-1].muted is None


def test_a_backtest_leaves_out_the_archives_wording_too() -> None:
    for order in permutations([LAUNCH, SUMMIT, OTHER_WORDS]):
        test = Backtest([temporal()])
        for found in order:
            test.add(found)
        [verdict] = test.verdicts(at(days=1002))
        assert [alert.muted for alert in verdict.alerts] == [None]


def test_counts_keep_what_came_live() -> None:
    first = counted(None, stamp_of(LAUNCH, 0), LAUNCH, frozenset(), late=False)
    assert first.guard is not None
    stored = Guard.from_wire(first.guard.to_wire())
    assert counted(stored, stamp_of(OTHER_WORDS, 1), OTHER_WORDS, frozenset(), late=False).stale
    pushed = counted(None, stamp_of(OTHER_WORDS, 0), OTHER_WORDS, frozenset(), late=False)
    assert pushed.guard is not None
    stored = Guard.from_wire(pushed.guard.to_wire())
    assert stored == pushed.guard
    assert not counted(stored, stamp_of(LAUNCH, 1), LAUNCH, frozenset(), late=False).stale
