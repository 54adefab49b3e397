"""Events of one article: candidates in its parsed sentences that pass the ontology's conditions.

Here they get status, participants, place and confidence; each of those is found in a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from topics.annotations import Event, Participant, Span
from workers.annotate.actors import Cast, Position
from workers.annotate.arguments import failing
from workers.annotate.asking import is_no_act
from workers.annotate.confidence import Factors, weigh
from workers.annotate.doers import with_doers
from workers.annotate.figures import is_figure
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word
from workers.annotate.ontology import Codes, EventType, Ontology, Trigger
from workers.annotate.pages import (
    is_crime,
    is_crime_told,
    is_leisure,
    is_told_in_fiction,
    speaks_of_state,
    speaks_of_war,
)
from workers.annotate.pagetime import date_headline, date_recalled
from workers.annotate.places import place_of
from workers.annotate.private import is_practice, is_private, is_reproach_in_passing
from workers.annotate.retold import complete
from workers.annotate.roles import participants, unique
from workers.annotate.setting import Setting, setting_of
from workers.annotate.status import judge
from workers.annotate.storytime import Before, is_chronicle, is_preview, story_time, time_of_page
from workers.annotate.syntax import is_infinitive, is_verbal
from workers.annotate.told import is_capability, is_said_of_all, is_supported, is_told
from workers.annotate.trace import Trace
from workers.annotate.triggers import Candidate, TriggerIndex
from workers.annotate.verdict import Verdict
from workers.annotate.words import Sentence

_TIMELESS = frozenset({"actual", "hypothetical"})
"""What a weapon can do at any time may be told as either."""

_RESTATING = lexicon().words("status", "superlatives") | {"such"}


@dataclass(slots=True)
class Found:
    """An event under way: what `--explain` shows, and what becomes the record."""

    candidate: Candidate
    kind: EventType
    verdict: Verdict
    codes: Codes
    actor: list[Participant]
    target: list[Participant]
    place: str | None = None
    confidence: float = 0.0
    factors: Factors = ()

    @property
    def trigger(self) -> Trigger:
        """The trigger that was met."""
        return self.candidate.trigger


def read_events(
    sentences: Iterable[Sentence],
    cast: Cast,
    index: TriggerIndex,
    ontology: Ontology,
    published: date,
    *,
    trace: Trace | None = None,
) -> list[Event]:
    """The events of an article's parsed sentences, in the order of the text. `trace` is told of every decision."""
    told: list[tuple[Found, Position]] = []
    leisure: bool | None = None
    crime: bool | None = None
    for sentence in sentences:
        position = cast.position(sentence)
        if trace is not None:
            trace.sentence(sentence, cast)
        found = list(_sentence_events(sentence, cast, index, ontology, published, trace=trace))
        if any(one.kind.guarded for one in found) and not speaks_of_state(sentence):
            leisure = is_leisure(cast.readings) if leisure is None else leisure
            found = list(_unguarded(found, trace)) if leisure else found
        if any(one.kind.guarded for one in found) and is_told_in_fiction(sentence):
            found = list(_unguarded(found, trace))
        if any(one.kind.no_crime for one in found) and not speaks_of_war(sentence):
            crime = is_crime(cast.readings) if crime is None else crime
            if crime or is_crime_told(sentence):
                found = list(_lawful(found, trace))
        told.extend((one, position) for one in _merged(found, trace, headline=position.part == "title"))
    date_headline(told)
    date_recalled(told, _title(cast))
    complete(told, cast, index)  # a guess at who it was says nothing of how sure the event is
    return with_doers([(_record(one, cast, position), one.trigger) for one, position in told], cast, ontology)


def _unguarded(found: Iterable[Found], trace: Trace | None) -> Iterator[Found]:
    for one in found:
        if not one.kind.guarded:
            yield one
        elif trace is not None:
            trace.guarded(one.candidate)


def _lawful(found: Iterable[Found], trace: Trace | None) -> Iterator[Found]:
    """Without what private persons did to each other."""
    for one in found:
        if not one.kind.no_crime or any(not p.id.startswith(("person:", "place:")) for p in one.actor):
            yield one
        elif trace is not None:
            trace.crime(one.candidate)


def _sentence_events(
    sentence: Sentence, cast: Cast, index: TriggerIndex, ontology: Ontology, published: date, *, trace: Trace | None
) -> Iterator[Found]:
    best = _candidates(sentence, cast, index, trace)
    if not best:
        return
    position = cast.position(sentence)
    title = _title(cast)
    setting = setting_of(
        sentence,
        published,
        lambda: story_time(_before(cast, position), published),
        headline=position.part == "title",
        page=time_of_page(title, published),
        preview=is_preview(title),
        chronicle=is_chronicle(title),
    )
    verdicts: dict[tuple[int, str], Verdict] = {}
    best = _of_status(best, ontology, setting, verdicts, trace)
    for (head, name), candidate in best.items():
        kind = ontology[name]
        other = _outdone_by(head, candidate, kind, best)
        if other is not None:
            if trace is not None:
                trace.yielded(candidate, other)
            continue
        if is_figure(candidate.frame):
            if trace is not None:
                trace.figure(candidate)
            continue
        verdict = verdicts.get((head, name)) or _judged(candidate, kind, setting)
        codes = ontology.codes(candidate.trigger)
        place = place_of(candidate.frame, kind, cast)
        found = Found(candidate, kind, verdict, codes, *participants(candidate, kind, cast, place))
        found.place = place.id if place is not None else None
        weigh(found, headline=setting.headline)
        if _is_mention(found) and not setting.headline:
            if trace is not None:
                trace.mentioned(candidate)
        elif (
            is_private(kind, candidate.frame, found.actor, found.target)
            or is_practice(kind, candidate.frame)
            or is_no_act(kind, candidate.frame)
        ):
            if trace is not None:
                trace.private(candidate)
        else:
            yield found


def _outdone_by(head: int, candidate: Candidate, kind: EventType, best: dict[tuple[int, str], Candidate]) -> str | None:
    """The type that goes before `kind`: said of the same word, or of what the noun only takes up ("the presidents met,
    the first such meeting")."""
    noun = candidate.frame.head
    restates = noun.dep_ == "appos" and any(child.lower_ in _RESTATING for child in noun.children)
    found = (other for word, other in best if other in kind.yields_to and (restates or word == head))
    return next(found, None)


def _judged(candidate: Candidate, kind: EventType, setting: Setting) -> Verdict:
    trigger = candidate.trigger
    return judge(candidate.frame, kind, setting, carried=_is_carried(trigger), says=trigger.status)


def _of_status(
    best: dict[tuple[int, str], Candidate],
    ontology: Ontology,
    setting: Setting,
    verdicts: dict[tuple[int, str], Verdict],
    trace: Trace | None,
) -> dict[tuple[int, str], Candidate]:
    """Without those whose words count with some statuses only, and are told with another one; `verdicts` gets what was
    found of the others."""
    left = dict(best)
    for key, candidate in best.items():
        if not candidate.trigger.only_status:
            continue
        verdicts[key] = verdict = _judged(candidate, ontology[key[1]], setting)
        if verdict.status not in candidate.trigger.only_status:
            del left[key]
            if trace is not None:
                trace.told_otherwise(candidate, verdict.status)
    return left


def _is_mention(found: Found) -> bool:
    """A noun that stands alone, and of which the sentence does not say that it happened. Phrases say enough."""
    if found.kind.arranged and found.verdict.status == "actual" and is_said_of_all(found.candidate.frame):
        return True  # but "Serbia holds early elections in December" tells of some
    named = found.actor or found.target or found.place or found.verdict.when
    if is_reproach_in_passing(found.kind, found.candidate.frame):
        return True
    if found.kind.one_doer and found.trigger.kind == "verb" and found.verdict.status in _TIMELESS and not found.actor:
        verb = found.candidate.frame.head
        nowhere = verb.dep_ == "relcl" or not (found.place or found.target)
        return nowhere and found.verdict.when is None and is_capability(verb)
    if named or found.verdict.status != "actual" or found.trigger.kind != "noun":
        return False
    noun = found.candidate.frame.head
    return not (is_supported(found.trigger, noun) or is_told(noun))


def _title(cast: Cast) -> str:
    return next((reading.raw for reading in cast.readings if reading.part == "title"), "")


def _before(cast: Cast, position: Position) -> Iterator[Before]:
    """The two sentences before one, nearest first."""
    following = position.start
    for stretch in cast.sentences_before(position, 2):
        if stretch.part != position.part:
            break
        reading = cast.reading(stretch.part)
        start = reading.doc[stretch.start].idx
        words = reading.doc[stretch.start : stretch.end].text
        end = start + len(words)
        yield Before(words, "\n" not in reading.raw[end - 1 : following])
        following = start


def _candidates(
    sentence: Sentence, cast: Cast, index: TriggerIndex, trace: Trace | None
) -> dict[tuple[int, str], Candidate]:
    """Candidates whose conditions hold; of several for one word and type the surest."""
    best: dict[tuple[int, str], Candidate] = {}
    for candidate in index.candidates(sentence, headline=cast.position(sentence).part == "title", trace=trace):
        condition = failing(candidate.trigger, candidate.frame, cast)
        if condition is not None:
            if trace is not None:
                trace.failed(candidate, condition)
            continue
        key = (candidate.frame.head.i, candidate.trigger.type)
        rival = best.get(key)
        if rival is None or _rank(candidate) > _rank(rival):
            best[key] = candidate
        if rival is not None and trace is not None:
            trace.outranked(rival if best[key] is candidate else candidate, best[key])
    return best


def _rank(candidate: Candidate) -> tuple[bool, float, int]:
    """Triggers that may count with any status go first."""
    return not candidate.trigger.only_status, candidate.trigger.confidence, len(candidate.frame.tokens)


def _is_carried(trigger: Trigger) -> bool:
    return any("carrier" in condition.slots and not condition.forbidden for condition in trigger.conditions)


# --- records -------------------------------------------------------------------------------------------------------


def _merged(found: list[Found], trace: Trace | None, *, headline: bool) -> list[Found]:
    """One event for one happening of a sentence: a verb and its noun ("held a summit meeting") say it once."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (any(_is_end_of(f, other) for other in found), -f.confidence)):
        twin = next((k for k in kept if k.kind.name == one.kind.name and _same(k, one)), None)
        twin = twin or next((k for k in kept if _is_end_of(one, k)), None)
        if twin is None:
            kept.append(one)
            continue
        if trace is not None:
            trace.merged(one, twin)
        _join(twin, one)
        weigh(twin, headline=headline)
    kept.sort(key=lambda f: f.candidate.frame.tokens[0].i)
    if trace is not None:
        for one in kept:
            trace.taken(one)
    return kept


def _is_end_of(one: Found, other: Found) -> bool:
    """ "Was named to replace him", "pledged to support them": the infinitive tells what the verb over it has done."""
    verb, above = one.candidate.frame.head, other.candidate.frame.head
    if one.kind is not other.kind or verb.head is not above or verb is above or not is_infinitive(verb):
        return False
    promised = any(is_status_word(above, name) for name in ("future", "hypothetical"))
    return other.verdict.status == "actual" and is_verbal(above) and (one.kind.spoken or not promised)


def _join(twin: Found, one: Found) -> None:
    """Give `twin` what only the other telling says."""
    twin.actor = unique([*twin.actor, *one.actor]) if twin.kind.symmetric else twin.actor or one.actor
    if not twin.target:
        twin.target = [p for p in one.target if p.id not in {a.id for a in twin.actor}]
    twin.place = twin.place or one.place
    twin.verdict.when = twin.verdict.when or one.verdict.when


def _same(first: Found, second: Found) -> bool:
    """May both be one happening: of one status and code, no two days, and with an actor in common or unnamed?"""
    if first.verdict.status != second.verdict.status or first.codes != second.codes:
        return False
    if len({day for day in (_day(first), _day(second)) if day is not None}) == 2:
        return False
    a, b = {p.id for p in first.actor}, {p.id for p in second.actor}
    return not a or not b or bool(a & b)


def _day(found: Found) -> str | None:
    """The date of an event if it is a day, and no month or year."""
    iso = found.verdict.when.iso if found.verdict.when is not None else None
    return iso if iso is not None and len(iso) == len("2024-05-15") else None


def _record(found: Found, cast: Cast, position: Position) -> Event:
    reading = cast.reading(position.part)
    tokens = found.candidate.frame.tokens
    first, last = reading.doc[position.token + tokens[0].i], reading.doc[position.token + tokens[-1].i]
    start, end = first.idx, last.idx + len(last.text)
    when = found.verdict.when
    return Event(
        type=found.kind.name,
        status=found.verdict.status,
        attributed=found.verdict.attributed,
        trigger=Span(part=position.part, start=start, end=end, text=reading.raw[start:end]),
        sentence=Span(
            part=position.part, start=position.start, end=position.end, text=reading.raw[position.start : position.end]
        ),
        actor=tuple(found.actor),
        target=tuple(found.target),
        place=found.place,
        when=when.iso if when is not None else None,
        plover=found.codes.plover,
        cameo=found.codes.cameo,
        confidence=found.confidence,
    )
