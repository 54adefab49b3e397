"""A backtest rings what the oracle names, and what the step would ring."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.watch.builders import annotation, arrival, at, event, temporal
from tests.unit.watch.feeding import Stream
from tests.unit.watch.oracle import must_ring
from tests.unit.watch.streams import FACTOR, articles, patterns
from tests.unit.watch.test_crashes import unstoried
from workers.watch.backtest import Backtest, compare
from workers.watch.engine import Arrival, Engine
from workers.watch.patterns import Pattern
from workers.watch.revisions import MemoryRevisions
from workers.watch.windows import MemoryWindows


@settings(max_examples=150 * FACTOR, deadline=None)
@given(pattern=patterns(grouped_by=((), ("actor",), ("article",), ("place",))), stream=articles())
def test_a_backtest_rings_what_the_oracle_names(pattern, stream) -> None:
    told = unstoried(stream)
    backtest = Backtest([pattern])
    for one in told:
        backtest.add(one.annotation)
    times = [one.annotation.event_time for one in told if one.annotation.event_time_source == "published"]
    watermark = max(times) - timedelta(minutes=15) if times else None
    (verdict,) = backtest.verdicts(at(days=2000))
    assert {a.id for a in verdict.alerts} == must_ring(pattern, told, watermark, min(times, default=None))


def test_a_span_cuts_what_is_told_and_not_what_is_known() -> None:
    backtest = Backtest([temporal(timespan="2h", cooldown="6h")])
    for hour in range(10):
        backtest.add(annotation(f"l{hour}", at(hours=hour), event("missile_launch", "KP")))
        backtest.add(annotation(f"s{hour}", at(hours=hour, minutes=30), event("summit", "KP")))
    (whole,) = backtest.verdicts(at(days=1))
    assert [f"{a.last_event_at:%H:%M}" for a in whole.alerts] == ["00:30", "06:30"]
    (part,) = backtest.verdicts(at(days=1), since=at(hours=1), until=at(hours=7))
    assert [f"{a.last_event_at:%H:%M}" for a in part.alerts] == ["06:30"]


def test_two_versions_of_a_pattern_are_compared() -> None:
    wide, narrow = temporal(timespan="6h", cooldown="0s"), temporal(timespan="1h", cooldown="0s")
    told = [
        annotation("l1", at(0), event("missile_launch", "KP")),
        annotation("s1", at(0.5), event("summit", "KP")),
        annotation("l2", at(20), event("missile_launch", "RU")),
        annotation("s2", at(23), event("summit", "RU")),
    ]
    alerts = []
    for pattern in (wide, narrow):
        backtest = Backtest([pattern])
        for one in told:
            backtest.add(one)
        alerts.append(backtest.verdicts(at(days=2))[0].alerts)
    found = compare(now=alerts[0], before=alerts[1])
    assert [(len(found.new), len(found.gone), len(found.same))] == [(1, 0, 1)]
    assert found.new[0].group == {"actor": ("RU",)}


def test_what_comes_too_late_live_comes_too_late_here() -> None:
    """The retention is the timespan and a week: 9 days here. The same articles through the engine, one by one."""
    told = [
        annotation("new", at(days=30), event("missile_launch", "IR")),
        annotation("l1", at(days=21, hours=1), event("missile_launch", "KP")),
        annotation("s1", at(days=21, hours=2), event("summit", "KP")),
        annotation("l2", at(days=20), event("missile_launch", "RU")),
        annotation("s2", at(days=20, hours=1), event("summit", "RU")),
    ]
    backtest = Backtest([temporal()])
    for one in told:
        backtest.add(one)
    (verdict,) = backtest.verdicts(at(days=40))
    live = Stream(temporal()).feed(*(arrival(one) for one in told))
    assert [a.group for a in verdict.alerts] == live.groups == [{"actor": ("KP",)}]
    assert (verdict.articles, verdict.too_late) == (3, 2)


@settings(max_examples=60 * FACTOR, deadline=None)
@given(pattern=patterns(grouped_by=((), ("actor",), ("article",))), stream=articles(least=4), gaps=st.data())
def test_over_weeks_and_out_of_order_a_backtest_rings_what_the_engine_rings(pattern, stream, gaps) -> None:
    """Days apart, so that some come too late. Revisions stay near their articles."""
    days = {one.annotation.article_id: gaps.draw(st.integers(0, 30)) for one in stream}
    told = [moved(one, timedelta(days=days[one.annotation.article_id])) for one in unstoried(stream)]
    backtest = Backtest([pattern])
    for one in told:
        backtest.add(one.annotation)
    (verdict,) = backtest.verdicts(at(days=2000))
    assert {a.id for a in verdict.alerts if not pattern.waits} == asyncio.run(engine_rings(pattern, told))


def moved(one: Arrival, later: timedelta) -> Arrival:
    when = one.annotation.event_time + later
    return replace(one, annotation=one.annotation.model_copy(update={"event_time": when, "published_at": when}))


async def engine_rings(pattern: Pattern, told: list[Arrival]) -> set[str]:
    store, revisions = MemoryWindows(), MemoryRevisions()
    engine = Engine([pattern], store)
    for one in told:
        await engine.apply(revisions.current([one]), at(days=2000))
    return {alert.id for alert in store.alerts() if alert.state == "firing" and not pattern.waits}
