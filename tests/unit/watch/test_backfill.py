"""Old news pushed afterwards is counted and joined like any other, and what it completes pages nobody."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.watch.builders import annotation, at, event, temporal
from tests.unit.watch.test_step import Heard, handled, incoming
from tests.unit.watch.test_waiting import World, unanswered
from topics.alerts import Alert
from topics.annotations import Annotation
from workers.watch.sightings import Circumstances, Sighting, seen


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


async def test_more_live_evidence_does_not_unmute_it(client) -> None:
    more = annotation("c", at(2), event("summit", "KP", "RU"))
    heard = await rung(client, old(LAUNCH), old(SUMMIT), more)
    assert {alert.muted for alert in said(heard)} == {"backfill"}


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
    sighting, _ = seen(temporal(), old(LAUNCH), Circumstances(None, (0, 0), None, late=False, rebuilt=False))
    assert sighting.backfill
    assert Sighting.from_wire(sighting.to_wire()) == sighting
