"""What must ring, by brute force and without regard to speed: straight from docs/decisions/0002 and 0004. It shares no
code with the matching except the alert's identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise, permutations, product

from topics.alerts import alert_id
from topics.annotations import Event
from workers.watch.conditions import Clause
from workers.watch.engine import Arrival
from workers.watch.patterns import Pattern, Selection


@dataclass(frozen=True)
class Ringing:
    """A completion: when, known by which article and mark, and the articles that make it."""

    time: datetime
    anchor: Arrival
    mark: str
    window: tuple[Arrival, ...]
    core: frozenset[str]


Coming = dict[str, tuple[tuple[datetime, int], bool]]
"""Of each article: when the first revision came that said what it says now, and whether that was old news."""


def must_ring(
    pattern: Pattern,
    arrivals: Iterable[Arrival],
    watermark: datetime | None = None,
    oldest: datetime | None = None,
) -> set[str]:
    """Ids of all alerts that must be firing once `arrivals` have come, in whatever order, and the watermark stands.

    `oldest` is when the stream began.
    """
    newest: dict[str, Arrival] = {}
    coming: Coming = {}
    records: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        article = arrival.annotation.article_id
        came = _came(arrival)
        known = records.setdefault(article, [])
        known.append(arrival)
        if not _holds_now(known, newest.get(article)):
            continue
        anew = article not in newest or _said(pattern, newest[article]) != _said(pattern, arrival)
        if anew or came < coming[article][0]:
            coming[article] = came, arrival.annotation.backfill
        newest[article] = arrival
    articles = sorted(newest.values(), key=_position)
    values = {value for a in articles for e in a.annotation.events for value in _values(pattern, a, e)}
    together: dict[tuple[str, str, frozenset[str]], list[str]] = {}
    for value in values:
        mine = [a for a in articles if _rules(pattern, value, a)]
        found = list(_completions(pattern, value, mine, watermark, oldest))
        old = [_is_old(pattern, value, mine, ring, coming) for ring in found]
        for ring in _quieted(pattern, found, old):
            key = (ring.anchor.annotation.article_id, ring.mark, ring.core)
            together.setdefault(key, []).append("\x1f".join(value))
    return {
        alert_id(pattern.id, tuple(joined), f"{anchor}\x1f{mark}" if mark else anchor)
        for (anchor, mark, _), joined in together.items()
    }


def _came(arrival: Arrival) -> tuple[datetime, int]:
    return arrival.annotation.fetched_at, arrival.offset


def _holds_now(records: Sequence[Arrival], before: Arrival | None) -> bool:
    """Whether an article is as the last of its `records` says: the words hold that came last, those that came live
    before all others; of the same words the last reading, or that of the record by which they hold.
    """
    new = records[-1]

    def rank(record: Arrival) -> tuple[bool, tuple[datetime, int]]:
        return not record.annotation.backfill, _came(record)

    first = max(records, key=rank)
    if new.annotation.revision != first.annotation.revision:
        return False
    if before is None or before.annotation.revision != new.annotation.revision:
        return True
    return _came(new) > _came(before) or all(rank(new) > rank(record) for record in records[:-1])


def _quieted(pattern: Pattern, found: Sequence[Ringing], old: Sequence[bool]) -> Iterable[Ringing]:
    """What the cooldown leaves: nothing live is quieted by old news."""
    rung: list[tuple[Ringing, bool]] = []
    for ring, is_old in zip(found, old, strict=True):
        cooldown = timedelta(microseconds=pattern.cooldown)
        recent = [r for r, was_old in rung if ring.time - r.time < cooldown and (is_old or not was_old)]
        told = {a.story for r in recent for a in r.window}
        if not recent or (pattern.rearms and ring.anchor.story not in told):
            rung.append((ring, is_old))
            yield ring


def _said(pattern: Pattern, arrival: Arrival) -> list[object]:
    """What an article says, as far as the pattern asks."""
    return [
        (place, e.type, e.status, e.place, e.when, _values(pattern, arrival, e), {p.id for p in e.actor},
         {p.id for p in e.target})
        for place, e in enumerate(arrival.annotation.events)
        if any(_selected(pattern, rule, arrival, e) for rule in pattern.selections)
    ]  # fmt: skip


def _is_old(
    pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival], ring: Ringing, coming: Coming
) -> bool:
    """Whether old news brought it about: the article that completed it, in the order of coming; or, of what time
    completes, what came after that time.
    """
    pushed = {a.annotation.article_id for a in ring.window if coming[a.annotation.article_id][1]}
    if len(pushed) in (0, len(ring.window)):
        return bool(pushed)
    if not pattern.waits:
        known: list[Arrival] = []
        for one in sorted(ring.window, key=lambda a: (coming[a.annotation.article_id][0], a.annotation.article_id)):
            known = sorted([*known, one], key=_position)
            if ring.anchor in known and _holds(pattern, value, known):
                return one.annotation.article_id in pushed
    limit = ring.time + timedelta(minutes=15)
    late = {article for article in pushed if coming[article][0][0] > limit}
    there = [a for a in ring.window if a.annotation.article_id not in late]
    if not late or ring.anchor not in there:
        return bool(late)
    if pattern.spike is not None:
        return not _is_high(pattern, value, articles, ring.time, there)
    if pattern.counts:
        return False
    opened = [c for c in pattern.clauses if c.present & _rules(pattern, value, ring.anchor)]
    return not any(_clause_holds(pattern, value, there, c) for c in opened)


def _completions(
    pattern: Pattern,
    value: tuple[str, ...],
    articles: Sequence[Arrival],
    watermark: datetime | None,
    oldest: datetime | None,
) -> Iterable[Ringing]:
    if not pattern.waits:
        return _arriving(pattern, value, articles)
    if watermark is None:
        return []
    if pattern.spike is not None:
        return _spiking(pattern, value, articles, watermark, oldest)
    if pattern.counts:
        return _turning(pattern, value, articles, watermark)
    return _missing(pattern, value, articles, watermark)


def _time(arrival: Arrival) -> datetime:
    return arrival.annotation.event_time


def _span(pattern: Pattern) -> timedelta:
    return timedelta(microseconds=pattern.timespan)


def _arriving(pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival]) -> Iterable[Ringing]:
    for place, end in enumerate(articles):
        window = [a for a in articles[: place + 1] if timedelta(0) <= _time(end) - _time(a) < _span(pattern)]
        if _holds(pattern, value, window):
            yield Ringing(_time(end), end, "", tuple(window), _core(pattern, value, window))


def _missing(
    pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival], watermark: datetime
) -> Iterable[Ringing]:
    for opener in articles:
        closes = _time(opener) + _span(pattern)
        window = [a for a in articles if _time(opener) <= _time(a) < closes]
        opened = [c for c in pattern.clauses if c.present & _rules(pattern, value, opener)]
        if closes <= watermark and any(_clause_holds(pattern, value, window, c) for c in opened):
            yield Ringing(closes, opener, "", tuple(window), _core(pattern, value, window))


def _turning(
    pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival], watermark: datetime
) -> Iterable[Ringing]:
    moments = sorted({m for a in articles for m in (_time(a), _time(a) + _span(pattern)) if m <= watermark})
    for now in moments:
        before = [a for a in articles if now - _span(pattern) <= _time(a) < now]
        window = [a for a in articles if now - _span(pattern) < _time(a) <= now]
        if _bound(pattern, _number(pattern, value, before)) or not _bound(pattern, _number(pattern, value, window)):
            continue
        entering = [a for a in articles if _time(a) == now]
        leaving = [a for a in articles if _time(a) == now - _span(pattern)]
        shown = window if entering else leaving + window
        core = frozenset(a.annotation.article_id for a in shown)
        yield Ringing(now, (entering or leaving)[-1], "" if entering else "end", tuple(shown), core)


def _spiking(
    pattern: Pattern,
    value: tuple[str, ...],
    articles: Sequence[Arrival],
    watermark: datetime,
    oldest: datetime | None,
) -> Iterable[Ringing]:
    spike, span = pattern.spike, _span(pattern)
    assert spike is not None
    reference = timedelta(microseconds=spike.reference)
    for place, end in enumerate(articles):
        now = _time(end)
        if now > watermark or oldest is None or oldest > now - span - reference:
            continue
        window = [a for a in articles[: place + 1] if now - span < _time(a)]
        if _is_high(pattern, value, articles, now, window):
            yield Ringing(now, end, "", tuple(window), frozenset(a.annotation.article_id for a in window))


def _is_high(
    pattern: Pattern, value: tuple[str, ...], articles: Sequence[Arrival], now: datetime, window: Sequence[Arrival]
) -> bool:
    spike, span = pattern.spike, _span(pattern)
    assert spike is not None
    usual = []
    start = now - 2 * span
    while start >= now - span - timedelta(microseconds=spike.reference):
        usual.append(_number(pattern, value, [a for a in articles if start < _time(a) <= start + span]))
        start -= span
    count = _number(pattern, value, window)
    high = count >= spike.least and count >= spike.times * (sum(usual) / len(usual))
    return high and _independent(window, pattern.corroboration)


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


def _holds(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival]) -> bool:
    if pattern.counts:
        return _bound(pattern, _number(pattern, value, window)) and _independent(window, pattern.corroboration)
    if pattern.kind == "temporal":
        return any(_clause_holds(pattern, value, window, clause) for clause in pattern.clauses)
    names = [rule.name for rule in pattern.selections]
    return any(_ordered(pattern, value, chosen, names) for chosen in product(window, repeat=len(names))) and all(
        _independent([a for a in window if name in _rules(pattern, value, a)], pattern.corroboration) for name in names
    )


def _ordered(pattern: Pattern, value: tuple[str, ...], chosen: Sequence[Arrival], names: Sequence[str]) -> bool:
    """Whether each name can be supplied by its article, every step later than the one before."""
    choices = []
    for article, name in zip(chosen, names, strict=True):
        rule = next(r for r in pattern.selections if r.name == name)
        choices.append(
            [
                (article, event.when)
                for event in article.annotation.events
                if value in _values(pattern, article, event) and _selected(pattern, rule, article, event)
            ]
        )
    return any(all(_is_later(pattern, one, two) for one, two in pairwise(steps)) for steps in product(*choices))


def _is_later(pattern: Pattern, one: tuple[Arrival, str | None], two: tuple[Arrival, str | None]) -> bool:
    (first, first_day), (second, second_day) = one, two
    if first.annotation.article_id != second.annotation.article_id:
        return _time(first) < _time(second)
    return not pattern.distinct_articles and bool(first_day) and bool(second_day) and str(first_day) < str(second_day)


def _clause_holds(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival], clause: Clause) -> bool:
    names = sorted(clause.present)
    holders = {name: [a for a in window if name in _rules(pattern, value, a)] for name in names}
    if any(_rules(pattern, value, a) & clause.absent for a in window):
        return False
    if pattern.distinct_articles:
        enough = any(
            all(a in holders[name] for a, name in zip(chosen, names, strict=True))
            for chosen in permutations(window, len(names))
        )
    else:
        enough = all(holders.values())
    return enough and all(_independent(supporters, pattern.corroboration) for supporters in holders.values())


def _bound(pattern: Pattern, number: int) -> bool:
    wanted = pattern.bound.number
    return {
        "gte": number >= wanted,
        "gt": number > wanted,
        "lte": number <= wanted,
        "lt": number < wanted,
        "eq": number == wanted,
    }[pattern.bound.comparison]


def _number(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival]) -> int:
    if pattern.kind == "event_count" or pattern.field == "article":
        return len(window)
    seen: set[str | None] = set()
    for article in window:
        for event in article.annotation.events:
            if value not in _values(pattern, article, event):
                continue
            if not any(_selected(pattern, rule, article, event) for rule in pattern.selections):
                continue
            parties = {p.id for p in event.actor}
            objects = {p.id for p in event.target}
            if event.type in pattern.symmetric:
                parties = objects = parties | objects
            found: dict[str | None, set[str | None]] = {
                "actor": {*parties},
                "target": {*objects},
                "place": {event.place},
                "story": {article.story},
                "source": {article.annotation.source},
            }
            seen |= found[pattern.field]
    return len(seen - {None})


def _independent(articles: Sequence[Arrival], wanted: int) -> bool:
    return any(
        len({a.annotation.source for a in chosen}) == wanted == len({a.text or a.story for a in chosen})
        for chosen in combinations(articles, wanted)
    )


def _core(pattern: Pattern, value: tuple[str, ...], window: Sequence[Arrival]) -> frozenset[str]:
    if pattern.counts:
        for size in range(1, len(window) + 1):
            if _number(pattern, value, window[-size:]) >= pattern.bound.least:
                return frozenset(a.annotation.article_id for a in window[-size:])
    wanted = {name for clause in pattern.clauses for name in clause.present}
    latest: dict[str, str] = {}
    for article in window:
        for name in _rules(pattern, value, article) & wanted:
            latest[name] = article.annotation.article_id
    return frozenset(latest.values())
