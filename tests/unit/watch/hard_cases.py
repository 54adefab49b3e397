"""The hard cases of the issue, one function each: what must be said, and the scene that brings it about."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.unit.watch.builders import annotation, at, event, make_pattern, temporal
from tests.unit.watch.scene import Scene
from topics.annotations import Annotation
from topics.articles import event_time
from workers.watch.patterns import Pattern


@dataclass(frozen=True)
class HardCase:
    """`expected` is what Kafka must have been told, in words."""

    name: str
    expected: str
    play: Callable[[Scene], Awaitable[None]]


CASES: list[HardCase] = []


def case(
    name: str, expected: str
) -> Callable[[Callable[[Scene], Awaitable[None]]], Callable[[Scene], Awaitable[None]]]:
    def add(play: Callable[[Scene], Awaitable[None]]) -> Callable[[Scene], Awaitable[None]]:
        CASES.append(HardCase(name, expected, play))
        return play

    return add


def launch(name: str, when: datetime, *actors: str, **more: object) -> Annotation:
    return annotation(name, when, event("missile_launch", *(actors or ("KP",))), **more)  # type: ignore[arg-type]  # any


def summit(name: str, when: datetime, *actors: str, **more: object) -> Annotation:
    return annotation(name, when, event("summit", *(actors or ("KP",))), **more)  # type: ignore[arg-type]  # any


def ordered() -> Pattern:
    shared = {"rules": ["missile_launch", "summit"], "group-by": ["actor"], "timespan": "48h"}
    return make_pattern(correlation={"type": "temporal_ordered", **shared})


def undenied() -> Pattern:
    condition = "missile_launch and not denial"
    shared = {"rules": ["missile_launch", "denial"], "group-by": ["actor"], "timespan": "6h", "condition": condition}
    return make_pattern(correlation={"type": "temporal", **shared})


def stories(least: int) -> Pattern:
    counting = {"field": "story", "gte": least}
    shared = {"rules": ["protest"], "group-by": ["place"], "timespan": "24h", "condition": counting}
    return make_pattern(correlation={"type": "value_count", **shared})


@case("a pair across midnight in a window of 1 h", "firing KP")
async def _midnight(scene: Scene) -> None:
    await scene.starts(temporal(timespan="1h"))
    await scene.reads(launch("a", at(minutes=-10)), summit("b", at(minutes=10)))


@case("exactly at the window's edge: 3,600 s apart", "nothing")
async def _edge(scene: Scene) -> None:
    await scene.starts(temporal(timespan="1h"))
    await scene.reads(launch("a", at(0)), summit("b", at(1)))


@case("one second inside: 3,599 s apart", "firing KP")
async def _inside(scene: Scene) -> None:
    await scene.starts(temporal(timespan="1h"))
    await scene.reads(launch("a", at(0)), summit("b", at(seconds=3599)))


@case("several actors that share one", "firing KP")
async def _shared(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(launch("a", at(0), "IR", "KP"), summit("b", at(1), "KP", "RU"))


@case("empty actors", "nothing")
async def _nobody(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(annotation("a", at(0), event("missile_launch")), annotation("b", at(1), event("summit")))


@case("temporal_ordered the other way round", "nothing")
async def _reversed(scene: Scene) -> None:
    await scene.starts(ordered())
    await scene.reads(summit("b", at(0)), launch("a", at(1)))


@case("temporal_ordered, the first arriving late", "firing KP late")
async def _late(scene: Scene) -> None:
    await scene.starts(ordered())
    await scene.reads(summit("b", at(2)), launch("a", at(1)))


@case("one wire story in 30 outlets, against a count of 3 stories", "nothing")
async def _wire(scene: Scene) -> None:
    await scene.starts(stories(3))
    text = base64.b64encode(bytes(range(256))).decode()
    told = event("protest", place="SE")
    copies = [annotation(f"c{n:02}", at(minutes=n), told, source=f"o{n}", minhash=text) for n in range(30)]
    await scene.reads(*copies)


@case("the same, and two stories of other outlets' own", "firing SE")
async def _wire_and_two(scene: Scene) -> None:
    await _wire(scene)
    await scene.reads(*(annotation(f"own{n}", at(1), event("protest", place="SE"), source="x") for n in range(2)))


@case("each record delivered twice", "firing KP")
async def _twice(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(launch("a", at(0)), summit("b", at(1)), times=2)


@case("a crash between the state and Kafka: told by the next process at its start", "firing KP")
async def _crash(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(launch("a", at(0)))
    await scene.reads(summit("b", at(1)), dies=True)
    assert not scene.said
    await scene.starts(temporal())
    await scene.reads(summit("b", at(1)))


@case("a restart between the two halves", "firing KP")
async def _halves(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(launch("a", at(0)))
    await scene.starts(temporal())
    await scene.reads(summit("b", at(1)))


@case("a cooldown of 48 h, shortened to 2 h by reload; a pair every 10 h", "firing KP, firing KP")
async def _cooldown(scene: Scene) -> None:
    await scene.starts(temporal(timespan="1h", cooldown="48h"))
    await scene.reads(launch("a1", at(0)), summit("b1", at(0.5)), launch("a2", at(10)), summit("b2", at(10.5)))
    await scene.reloads(temporal(timespan="1h", cooldown="2h"))
    await scene.reads(launch("a3", at(20)), summit("b3", at(20.5)))


@case("an absence, in total silence, a second before its time", "nothing")
async def _not_yet(scene: Scene) -> None:
    await scene.starts(undenied())
    await scene.reads(launch("a", at(0)))
    await scene.until(at(6.25) - timedelta(seconds=1))


@case("an absence, in total silence, at its time (6 h, and 15 min for stragglers)", "firing KP")
async def _silence(scene: Scene) -> None:
    await _not_yet(scene)
    await scene.until(at(6.25))
    await scene.until(at(100))


@case("a denial that arrives late", "firing KP, retracted KP")
async def _denied(scene: Scene) -> None:
    await _silence(scene)
    await scene.reads(annotation("d", at(5), event("denial", "KP")))


@case("a backlog that holds the denial is drained before the deadline closes", "nothing")
async def _backlog(scene: Scene) -> None:
    await scene.starts(undenied())
    await scene.reads(launch("a", at(0)))
    scene.waits = True
    await scene.until(at(50))
    await scene.reads(annotation("d", at(5), event("denial", "KP")))
    scene.waits = False
    await scene.until(at(51))


@case("Redis loses all before the deadline; what was committed is read again first", "nothing")
async def _lost(scene: Scene) -> None:
    await scene.starts(undenied())
    await scene.reads(launch("a", at(0)), annotation("d", at(5), event("denial", "KP")))
    keys = [key async for key in scene.client.scan_iter(match=f"{{{scene.namespace}:*")]
    await scene.client.delete(*keys)
    await scene.starts(undenied())
    await scene.until(at(50))


@case("an article from the year 2031: no deadline passes, nothing gets too old", "firing KP")
async def _from_2031(scene: Scene) -> None:
    await scene.starts(undenied(), temporal(id="pair"))
    when, source = event_time(datetime.fromisoformat("2031-01-01T00:00Z"), at(0.5))
    dreamt = launch("dream", when, "IR").model_copy(update={"event_time_source": source})
    await scene.reads(launch("a", at(0)), dreamt)
    scene.waits = True  # so that only articles move the clock
    await scene.until(at(50))
    await scene.reads(summit("b", at(1)))


@case("a revision that removes the event", "firing KP, retracted KP")
async def _revised(scene: Scene) -> None:
    await scene.starts(temporal())
    await scene.reads(launch("a", at(0)), summit("b", at(1)), annotation("a", at(0), revision=2))


@case("a rule added to an absence by reload: what it would have seen before is not missing", "nothing")
async def _widened(scene: Scene) -> None:
    await scene.starts(undenied())
    await scene.reads(launch("a", at(0)), annotation("s", at(1), event("apology", "KP")))
    shared = {"rules": ["missile_launch", "denial", "apology"], "group-by": ["actor"], "timespan": "6h"}
    condition = "missile_launch and not (denial or apology)"
    await scene.reloads(make_pattern(correlation={"type": "temporal", **shared, "condition": condition}))
    await scene.until(at(50))
