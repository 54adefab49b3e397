"""What must ring, by brute force and without regard to speed: straight from docs/decisions/0002. It shares no code with
the matching except the alert's identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations, permutations, product

from topics.alerts import alert_id
from topics.annotations import Event
from workers.watch.engine import Arrival
from workers.watch.patterns import Pattern, Selection


def must_ring(pattern: Pattern, arrivals: Iterable[Arrival]) -> set[str]:
    """Ids of all alerts that must be firing once `arrivals` have come, in whatever order."""
    newest: dict[str, Arrival] = {}
    for arrival in arrivals:
        article = arrival.annotation.article_id
        if article not in newest or arrival.stamp > newest[article].stamp:
            newest[article] = arrival
    articles = sorted(newest.values(), key=_position)
    values = {value for a in articles for e in a.annotation.events for value in _values(pattern, a, e)}
    together: dict[tuple[str, frozenset[str]], list[str]] = {}
    for value in values:
        for anchor, core in _fired(pattern, value, articles):
            together.setdefault((anchor, core), []).append("\x1f".join(value))
    return {alert_id(pattern.id, tuple(joined), anchor) for (anchor, _), joined in together.items()}


def _position(arrival: Arrival) -> tuple[datetime, str]:
    return arrival.annotation.event_time, arrival.annotation.article_id


def _values(pattern: Pattern, arrival: Arrival, event: Event) -> set[tuple[str, ...]]:
    actors = [p.id for p in event.actor]
    if event.type in pattern.symmetric:
        actors += [p.id for p in event.target]
    fields = {
        "actor": actors,
        "place": [event.place] if event.place else [],
        "story": [arrival.story] if arrival.story else [],
        "article": [arrival.annotation.article_id],
        "entity": [e.id for e in arrival.annotation.entities],
    }
    return set(product(*(fields[field] for field in pattern.group_by)))


def _selected(pattern: Pattern, rule: Selection, arrival: Arrival, event: Event) -> bool:
    actors = {p.id for p in event.actor}
    targets = {p.id for p in event.target}
    if event.type in pattern.symmetric:
        actors = targets = actors | targets
    return all(
        [
            event.type in rule.types,
            event.status in rule.statuses,
            event.confidence >= rule.min_confidence,
            not rule.actors or actors & rule.actors,
            not rule.targets or targets & rule.targets,
            not rule.places or event.place in rule.places,
            not rule.sources or arrival.annotation.source in rule.sources,
            not rule.tags or set(arrival.annotation.tags) & rule.tags,
        ]
    )


def _rules(pattern: Pattern, value: tuple[str, ...], arrival: Arrival) -> set[str]:
    return {
        rule.name
        for rule in pattern.selections
        for event in arrival.annotation.events
        if value in _values(pattern, arrival, event) and _selected(pattern, rule, arrival, event)
    }


def _fired(
    pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival]
) -> Iterable[tuple[str, frozenset[str]]]:
    timespan, cooldown = timedelta(microseconds=pattern.timespan), timedelta(microseconds=pattern.cooldown)
    last: datetime | None = None
    for place, end in enumerate(articles):
        if not _rules(pattern, value, end):
            continue
        now = end.annotation.event_time
        window = [
            a
            for a in articles[: place + 1]
            if timedelta(0) <= now - a.annotation.event_time < timespan and _rules(pattern, value, a)
        ]
        if not _holds(pattern, value, window) or (last is not None and now - last < cooldown):
            continue
        last = now
        yield end.annotation.article_id, _core(pattern, value, window)


def _holds(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival]) -> bool:
    names = [rule.name for rule in pattern.selections]
    holders = {name: [a for a in window if name in _rules(pattern, value, a)] for name in names}
    if pattern.kind == "event_count":
        enough = len(window) >= pattern.gte
        behind = [window]
    elif pattern.distinct_articles:
        enough = any(
            all(a in holders[name] for a, name in zip(chosen, names, strict=True))
            for chosen in permutations(window, len(names))
        )
        behind = list(holders.values())
    else:
        enough = all(holders.values())
        behind = list(holders.values())
    return enough and all(_independent(supporters, pattern.corroboration) for supporters in behind)


def _independent(articles: Sequence[Arrival], wanted: int) -> bool:
    return any(
        len({a.annotation.source for a in chosen}) == wanted == len({a.story for a in chosen})
        for chosen in combinations(articles, wanted)
    )


def _core(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival]) -> frozenset[str]:
    if pattern.kind == "event_count":
        return frozenset(a.annotation.article_id for a in window[-pattern.gte :])
    latest: dict[str, str] = {}
    for article in window:
        for name in _rules(pattern, value, article):
            latest[name] = article.annotation.article_id
    return frozenset(latest.values())
