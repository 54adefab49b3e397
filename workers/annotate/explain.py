"""Why an article was read as it was: a `Trace` that keeps what it is told, as plain data for a terminal or for JSON.

Nothing is decided here; how it looks on a terminal is in `workers.cli.explained`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from topics.annotations import Participant, Status, TextPart
from workers.annotate.actors import Cast
from workers.annotate.arguments import met_by
from workers.annotate.events import Found
from workers.annotate.frames import Frame
from workers.annotate.ontology import Condition, Trigger
from workers.annotate.trace import Miss
from workers.annotate.triggers import Candidate
from workers.annotate.words import Sentence, Token, text_of

Reason = Literal[
    "part of speech",
    "words apart",
    "modifier",
    "other part",
    "excluded",
    "condition",
    "guarded",
    "crime",
    "figure",
    "private",
    "status",
    "outranked",
    "yields",
    "merged",
    "mention",
]
_LONGEST_PHRASE = 8
_SHOWN_WORDS = 8
_POS = {"VERB": "a verb", "AUX": "an auxiliary", "NOUN": "a noun", "PROPN": "a name", "ADJ": "an adjective"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Characters that were not read, or a sentence that cannot hold an event, and why."""

    part: TextPart
    start: int
    end: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why a candidate is no event. Of a condition: slots, what was wanted there (as written), what stands there."""

    reason: Reason
    words: str
    slots: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by slot
    at: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """An entity in a role, its mention, and the slot that put it there; "" if no slot of the trigger did."""

    id: str
    text: str
    slot: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An event as it was understood. `because`: what decided its status; `factors` multiply to `confidence`."""

    status: str
    because: tuple[str, ...]
    attributed: bool
    when: str | None
    actor: tuple[Role, ...]
    target: tuple[Role, ...]
    place: Role | None
    confidence: float
    factors: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ExplainedCandidate:
    """Words that might carry an event of `type`: either `taken` or `dropped` is set. `trigger` is file and line."""

    type: str
    kind: str
    trigger: str
    part: TextPart
    start: int
    end: int
    text: str
    taken: Taken | None = None
    dropped: Dropped | None = None


@dataclass(slots=True)
class ExplainedSentence:
    """A sentence that held a trigger word, and its candidates in the order of its words."""

    part: TextPart
    start: int
    end: int
    text: str
    candidates: list[ExplainedCandidate] = field(default_factory=list)


@dataclass(slots=True)
class Explanation:
    """All that a reader told about one article. It is a `Trace`; each must be used for one article only.

    `title` and `text` are those that were read: of a text with damaged characters the mended one, and all offsets are
    into these.
    """

    title: str = ""
    text: str = ""
    why_unread: str | None = None
    left: list[LeftOut] = field(default_factory=list)
    sentences: list[ExplainedSentence] = field(default_factory=list)
    _cast: Cast | None = None
    _doc: Sentence | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the article itself is left out."""
        return {
            "unread": self.why_unread,
            "left_out": [asdict(one) for one in self.left],
            "sentences": [asdict(one) for one in self.sentences],
        }

    def keep_only(self, types: Collection[str]) -> None:
        """Forget candidates of other types, sentences without candidates, and what was left out."""
        for sentence in self.sentences:
            sentence.candidates = [one for one in sentence.candidates if one.type in types]
        self.sentences = [sentence for sentence in self.sentences if sentence.candidates]
        self.left.clear()

    # --- what the reader tells -------------------------------------------------------------------------------

    def reads(self, title: str, text: str) -> None:
        """What is read."""
        self.title, self.text = title, text

    def unread(self, why: str) -> None:
        """The whole article is passed over."""
        self.why_unread = why

    def left_out(self, part: TextPart, start: int, end: int, why: str) -> None:
        """Characters that are not read."""
        self.left.append(LeftOut(part, start, end, self._raw(part)[start:end], why))

    def sentence(self, sentence: Sentence, cast: Cast) -> None:
        """The next sentence."""
        self._cast, self._doc = cast, sentence
        at = cast.position(sentence)
        self.sentences.append(ExplainedSentence(at.part, at.start, at.end, self._raw(at.part)[at.start : at.end]))

    def missed(self, trigger: Trigger, words: Sequence[str], head: Token, why: Miss) -> None:
        """The words are there, but not as the trigger asks."""
        said = " ".join(words)
        if why == "part of speech":
            asked = "a verb" if trigger.kind == "verb" else "a noun"
            message = f"asks for {asked}; here “{head.text}” is {_POS.get(head.pos_, head.pos_.lower())}"
        elif why == "modifier":
            message = f"here “{head.text}” only describes “{head.head.text}”"
        elif why == "other part":
            message = f"counts only in {'headlines' if trigger.only_in == 'title' else 'the text'}"
        else:
            message = f"the words of “{said}” are there, but do not belong together"
        self._drop(trigger, (head,), Dropped(why, message))

    def excluded(self, trigger: Trigger, tokens: Sequence[Token], phrase: Sequence[str]) -> None:
        """Part of an excluded phrase."""
        said = " ".join(phrase)
        self._drop(trigger, tokens, Dropped("excluded", f"part of “{said}”, which the type excludes"))

    def failed(self, candidate: Candidate, condition: Condition) -> None:
        """A condition does not hold."""
        at = f"{candidate.trigger.file}:{condition.line}"
        frame, slots, wanted = candidate.frame, condition.slots, condition.written
        where = "|".join(slots)
        if condition.forbidden:
            met = met_by(condition, frame, self._told_cast())
            found = {slot: _phrases(token for at_slot, token, _ in met if at_slot == slot) for slot in slots}
            because = ", ".join(dict.fromkeys(str(term) for _, _, term in met)) or _listed(wanted)
            rule = f"only {where}: wanted {_listed(wanted)}" if condition.only else f"not {where}: {because}"
            words = f"{rule}; found {_by_slot(found)}"
        else:
            found = {slot: _phrases(_filling(frame, slot)) for slot in slots if slot != "sentence"}
            words = f"{where}: wanted {_listed(wanted)}; found {_by_slot(found)}"
        found = {slot: phrases for slot, phrases in found.items() if phrases}
        self._drop(candidate.trigger, frame.tokens, Dropped("condition", words, slots, wanted, found, at))

    def guarded(self, candidate: Candidate) -> None:
        """On a page of sport or film."""
        why = Dropped("guarded", "holds, but on a page of sport, film or games it needs a state in its sentence")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def crime(self, candidate: Candidate) -> None:
        """A private crime."""
        why = Dropped("crime", "holds, but it is told as a case of crime, with no armed force or group behind it")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def private(self, candidate: Candidate) -> None:
        """No public matter."""
        why = Dropped("private", "holds, but it is no public matter: somebody speaks for nobody, or shoots at a target")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def figure(self, candidate: Candidate) -> None:
        """A figure of speech."""
        why = Dropped("figure", "holds, but what stands behind “of” makes a figure of speech of it")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def told_otherwise(self, candidate: Candidate, status: Status) -> None:
        """Of another status than the trigger's words can carry."""
        words = f"counts only where it is told as {' or '.join(candidate.trigger.only_status)}; here it is {status}"
        self._drop(candidate.trigger, candidate.frame.tokens, Dropped("status", words))

    def outranked(self, candidate: Candidate, by: Candidate) -> None:
        """A surer trigger of the type."""
        at = _source(by.trigger)
        why = Dropped("outranked", f"holds, but the trigger at {at} is surer about this word", at=at)
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def yielded(self, candidate: Candidate, to: str) -> None:
        """The word carries another type."""
        why = Dropped("yields", f"holds, but this word is {to} already, and {candidate.trigger.type} yields to it")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def mentioned(self, candidate: Candidate) -> None:
        """The noun is only mentioned."""
        why = Dropped("mention", "holds, but names nobody, no place and no time, and no verb says that it happened")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def merged(self, found: Found, into: Found) -> None:
        """The same happening again."""
        said = " ".join(token.text for token in into.candidate.frame.tokens)
        candidate = found.candidate
        why = Dropped("merged", f"the same happening as “{said}”, told once")
        self._drop(candidate.trigger, candidate.frame.tokens, why)

    def taken(self, found: Found) -> None:
        """An event."""
        verdict, trigger, frame = found.verdict, found.trigger, found.candidate.frame
        taken = Taken(
            status=verdict.status,
            because=tuple(verdict.because),
            attributed=verdict.attributed,
            when=verdict.when.iso if verdict.when is not None else None,
            actor=tuple(self._role(p, frame, trigger.actor) for p in found.actor),
            target=tuple(self._role(p, frame, trigger.target) for p in found.target),
            place=self._place(found.place, frame),
            confidence=found.confidence,
            factors=found.factors,
        )
        self._note(trigger, frame.tokens, taken, None)

    # --- how it is kept --------------------------------------------------------------------------------------

    def _raw(self, part: TextPart) -> str:
        return self.title if part == "title" else self.text

    def _told_cast(self) -> Cast:
        if self._cast is None:
            raise RuntimeError("a trace is told of a sentence before it is told of its words")
        return self._cast

    def _drop(self, trigger: Trigger, tokens: Sequence[Token], why: Dropped) -> None:
        self._note(trigger, tokens, None, why)

    def _note(self, trigger: Trigger, tokens: Sequence[Token], taken: Taken | None, dropped: Dropped | None) -> None:
        start, end = self._span(tokens)
        sentence = self.sentences[-1]
        made = ExplainedCandidate(
            type=trigger.type,
            kind=trigger.kind,
            trigger=_source(trigger),
            part=sentence.part,
            start=start,
            end=end,
            text=self._raw(sentence.part)[start:end],
            taken=taken,
            dropped=dropped,
        )
        if made not in sentence.candidates:
            sentence.candidates.append(made)

    def _span(self, tokens: Sequence[Token]) -> tuple[int, int]:
        cast = self._told_cast()
        position = cast.position(tokens[0].doc)
        doc = cast.reading(position.part).doc
        first, last = doc[position.token + tokens[0].i], doc[position.token + tokens[-1].i]
        return first.idx, last.idx + len(last.text)

    def _role(self, participant: Participant, frame: Frame, slots: Sequence[str]) -> Role:
        cast = self._told_cast()
        for slot in (*slots, *frame.cache):
            for token in frame.slot(slot):
                named = cast.resolve(token) or cast.parties(token) or cast.owners(token)
                if any(p.id == participant.id for p in named):
                    return Role(participant.id, participant.text, slot)
        return Role(participant.id, participant.text, "")

    def _place(self, place: str | None, frame: Frame) -> Role | None:
        """The place with the words that name it: in a slot, else in the sentence, if they do."""
        if place is None:
            return None
        slots = [(slot, token) for slot, tokens in frame.cache.items() if slot != "sentence" for token in tokens]
        for slot, token in [*slots, *(("sentence", token) for token in frame.head.doc)]:
            mention = self._told_cast().mention_at(token)
            if mention is not None and mention.id == place:
                return Role(place, mention.text, slot)
        return Role(place, "", "")


def _source(trigger: Trigger) -> str:
    return f"{trigger.file}:{trigger.line}"


def _filling(frame: Frame, slot: str) -> list[Token]:
    if slot == "parties":
        return [token for name in ("subject", "object", "with", "between") for token in frame.slot(name)]
    return frame.slot(slot)


def _phrases(tokens: Iterable[Token]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_phrase(token) for token in tokens))


def _phrase(token: Token) -> str:
    if token.pos_ in {"VERB", "AUX"}:
        return token.text
    words = token.doc[token.left_edge.i : token.i + 1]
    return text_of(words) if len(words) <= _LONGEST_PHRASE else token.text


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_SHOWN_WORDS])
    return ", ".join(shown) + (f" or {len(words) - len(shown)} more" if len(words) > len(shown) else "")


def _by_slot(found: Mapping[str, Sequence[str]]) -> str:
    said = [
        (f"{slot} " if len(found) > 1 else "") + ", ".join(f"“{word}”" for word in words)
        for slot, words in found.items()
        if words
    ]
    return "; ".join(said) or "nothing"
