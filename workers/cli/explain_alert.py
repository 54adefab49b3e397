"""`tocsin patterns explain`: why an alert rang, and why a pattern that came near did not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.backtest import annotations_of
from workers.errors import ExitCode, InputError
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from topics.alerts import Alert
    from workers.settings import Settings
    from workers.watch.explanation import NearMiss
    from workers.watch.pattern_file import PatternSet
    from workers.watch.patterns import Pattern
    from workers.watch.redis_windows import RedisWindows
    from workers.watch.sightings import Body
    from workers.watch.why import Evidence, Reason

_EVER = -(2**52)
"""Before all event times, and exact in Redis."""


def explain(
    target: Annotated[str, typer.Argument(metavar="ALERT|PATTERN", help="An alert's id, or its beginning; or a "
                                          "pattern's id: why it did not ring.")],
    *,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="Look in an archive instead of what the running steps hold: as for `backtest`."),
    ] = None,
    patterns: Annotated[Path | None, typer.Option(help="Pattern files; default: those in force.")] = None,
    near: Annotated[int, typer.Option(min=0, help="Also so many join values that came near, and what they lack.")] = 3,
) -> None:  # fmt: skip
    """Say why an alert rang: every window and its bounds, every event, cooldown, corroboration, what was kept quiet.

    Exit code 1 if no such alert is known; 4 if Redis does not answer; 3 or 5 as for `backtest`.
    """
    from workers.cli.event_types import event_types
    from workers.cli.harmless import HarmlessConsole
    from workers.settings import load_settings
    from workers.watch.pattern_file import load_patterns

    settings = load_settings()
    loaded = load_patterns([patterns or settings.patterns_path], event_types(settings))
    console = HarmlessConsole(highlight=False, soft_wrap=True)
    if source:
        found = _in_archive(loaded, source, settings, target)
    else:
        found = asyncio.run(_in_redis(loaded, settings, target))
    if found is None:
        typer.echo(f"No alert is known whose id begins with {target}, and no pattern of that id is in force.", err=True)
        raise typer.Exit(ExitCode.FAILED)
    _show(console, found, near)


@dataclass(frozen=True)
class _Found:
    """What is known: no pattern if it is not in force any more, no alert if a pattern was asked about."""

    pattern: Pattern | None
    alert: Alert | None
    evidence: Evidence | None
    bodies: Mapping[str, Body]


def _in_archive(loaded: PatternSet, source: list[str], settings: Settings, target: str) -> _Found | None:
    from datetime import UTC, datetime

    from topics.annotations import Annotation
    from workers.watch.backtest import Backtest

    backtest = Backtest(loaded.patterns)
    for one in annotations_of(source, settings):
        if isinstance(one, Annotation):
            backtest.add(one)
        else:
            typer.echo(f"tocsin: {plain(str(one))}", err=True)
    if (asked := loaded.by_id(target)) is not None:
        return _Found(asked, None, *backtest.evidence(asked))
    alerts = [alert for verdict in backtest.verdicts(datetime.now(UTC)) for alert in verdict.alerts]
    alert = _only([alert for alert in alerts if alert.id.startswith(target)], target)
    if alert is None:
        return None
    pattern = next(p for p in loaded.patterns if p.id == alert.pattern_id)
    return _Found(pattern, alert, *backtest.evidence(pattern))


async def _in_redis(loaded: PatternSet, settings: Settings, target: str) -> _Found | None:
    from workers.cli.redis_session import redis_session
    from workers.redis_keys import Keys
    from workers.watch.redis_windows import RedisWindows
    from workers.watch.stream_clock import StreamClock

    async with redis_session(settings) as client:
        keys = Keys(settings.namespace)
        windows = RedisWindows(client, keys)
        pattern, alert = loaded.by_id(target), None
        if pattern is None:
            alert = _only(await windows.find_alert(target), target) or _on_topic(settings, target)
            if alert is None:
                return None
            pattern = loaded.by_id(alert.pattern_id)
        if pattern is None:
            return _Found(None, alert, None, {})
        evidence = await _held(windows, pattern, alert, (await StreamClock(client, keys).read()).oldest)
        articles = [sighting.article_id for sighting in evidence.sightings]
        bodies = (await windows.words(pattern, articles, [])).bodies if articles else {}
        return _Found(pattern, alert, evidence, bodies)


async def _held(windows: RedisWindows, pattern: Pattern, alert: Alert | None, oldest: int | None) -> Evidence:
    """All that is held; decided anew from the alert on, so that what rang before it stands as it was told."""
    from workers.watch.completions import Scope
    from workers.watch.why import Evidence
    from workers.watch.windows import Ask

    (held,) = await windows.load([Ask(pattern, (), _EVER)])
    window = held.window
    rung = next((ring.time for ring in window.rings if alert is not None and ring.id == alert.id), None)
    since = rung if rung is not None else _EVER
    if window.blind is not None:
        since = max(since, window.blind + pattern.surveyed) if rung is None else since
    return Evidence(window.sightings, window.rings, Scope(since, window.settled, oldest))


def _on_topic(settings: Settings, target: str) -> Alert | None:
    """What Redis no longer keeps. Raises Unreachable."""
    from topics.alerts import Alert
    from workers.local.topic_reader import read_records

    told = {alert.id: alert for alert in read_records(settings, "alerts", Alert) if alert.id.startswith(target)}
    return _only(list(told.values()), target)


def _only(found: Sequence[Alert], target: str) -> Alert | None:
    if len(found) > 1:
        raise InputError(
            f"{len(found)} alerts begin with {target}: {', '.join(alert.id for alert in found[:5])} …",
            hint="Give more of the id.",
        )
    return found[0] if found else None


# --- words -----------------------------------------------------------------------------------------------------------


def _show(console: Console, found: _Found, near: int) -> None:
    from workers.cli.show import show_alert
    from workers.watch.explanation import near_misses
    from workers.watch.why import why

    pattern, alert, evidence = found.pattern, found.alert, found.evidence
    if alert is not None:
        show_alert(console, alert)
        marks = [alert.state, *(["late"] if alert.late else []), *([alert.muted] if alert.muted else [])]
        console.print(f"state      {', '.join(marks)}", markup=False)
        if alert.supersedes:
            console.print(f"supersedes {', '.join(alert.supersedes)}", markup=False)
    if pattern is None or evidence is None:
        console.print("The pattern is not in force any more, so there is nothing to reckon it by.")
        return
    _show_pattern(console, pattern, alert)
    if alert is None:
        held, scope = evidence.sightings, evidence.scope
        _show_near(console, pattern, near_misses(pattern, held, scope, evidence.earlier, limit=near))
        return
    reasons = why(pattern, alert, evidence, near=near)
    for reason in reasons.reasons:
        _show_reason(console, pattern, reason, found.bodies)
    for words in reasons.instead:
        console.print(f"not now    {words}", markup=False)
    _show_near(console, pattern, reasons.near)


def _show_pattern(console: Console, pattern: Pattern, alert: Alert | None) -> None:
    from workers.watch.explanation import span

    correlation = pattern.document.correlation
    version = pattern.version
    if alert is not None and alert.pattern_version != version:
        version = f"{alert.pattern_version} when it rang, {version} now"
    shared = ", ".join(pattern.group_by) or "nothing: the whole stream is one"
    cooldown = span(pattern.cooldown) + ("; a new story rings within it" if pattern.rearms else "")
    console.print(f"pattern    {pattern.id}, version {version}", markup=False)
    condition = f"; {correlation.condition}" if isinstance(correlation.condition, str) else ""
    console.print(f"asks for   {correlation.type} of {', '.join(correlation.rules)}{condition}", markup=False)
    console.print(f"within     {span(pattern.timespan)}, sharing {shared}; cooldown {cooldown}", markup=False)


def _show_reason(console: Console, pattern: Pattern, reason: Reason, bodies: Mapping[str, Body]) -> None:
    from workers.watch.durations import to_datetime
    from workers.watch.matching import Rang
    from workers.watch.why import by_words

    console.print(f"\n{_value(pattern, reason.value)}", markup=False, style="bold")
    console.print(f"  window   {reason.bounds(pattern)}", markup=False)
    for supply in reason.window:
        sighting = supply.sighting
        place = reason.place(pattern, sighting)
        told = f"{sighting.source or 'no source'}, story {sighting.story or 'of its own'}"
        console.print(f"  {to_datetime(sighting.time):%F %R}Z  {sighting.article_id}  {told}; {place}", markup=False)
        body = bodies.get(sighting.article_id)
        for rule, events in supply.rules.items():
            for index in events:
                event = body.events.get(index) if body is not None else None
                said = (
                    f" ({', '.join(p.id for p in event.actor)}): “{event.sentence.text}”" if event is not None else ""
                )
                console.print(f"      {rule}{said}", markup=False)
    for fact in reason.facts:
        console.print(f"  met      {fact}", markup=False)
    before = "nothing of this rang before" if reason.before is None else f"it last rang at {by_words(reason.before)}"
    until = to_datetime(reason.completion.time + pattern.cooldown)
    console.print(f"  cooldown {before}; quiet from here until {until:%F %R}Z", markup=False)
    for quiet in reason.quieted:
        console.print(f"  quieted  {by_words(Rang(quiet.time, quiet.anchor))} would have rung within it", markup=False)


def _show_near(console: Console, pattern: Pattern, near: Sequence[NearMiss]) -> None:
    from workers.watch.explanation import rules_of

    for miss in near:
        console.print(f"\nnear miss  {_value(pattern, miss.value)}", markup=False)
        for rule, articles in rules_of(miss.window).items():
            shown = ", ".join(articles[:5]) + (f" and {len(articles) - 5} more" if len(articles) > 5 else "")
            console.print(f"  has      {rule}: {shown}", markup=False)
        for words in miss.lacks:
            console.print(f"  lacks    {words}", markup=False)


def _value(pattern: Pattern, value: tuple[str, ...]) -> str:
    return ", ".join(f"{field} {one}" for field, one in zip(pattern.group_by, value, strict=True)) or "the whole stream"
