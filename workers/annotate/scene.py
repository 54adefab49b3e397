"""The scene of an article: its names, by where they stand; `classes` and up say what they mean."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from topics.annotations import Participant, TextPart
from workers.annotate.entities import Mention, Reading
from workers.annotate.lexicon import lexicon
from workers.annotate.people import Person
from workers.annotate.words import Sentence, Token

STATESMEN = frozenset({"leader", "official"})
_STARTS = "SENT_START"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sentence of its own stands: the part, and its first token and character there."""

    part: TextPart
    token: int
    end_token: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence as tokens of its part. That it was parsed, or not, must not change what it means."""

    part: TextPart
    start: int
    end: int


def words_of_story(readings: Iterable[Reading]) -> frozenset[str]:
    """All words of an article in small letters; those that end in "s" also without it."""
    found = {word for reading in readings for word in reading.lower}
    return frozenset(found | {word[:-1] for word in found if word.endswith("s")})


@dataclass(slots=True)
class Scene:
    """Mentions and persons of one article, for its parsed sentences."""

    readings: Sequence[Reading]
    people: dict[str, Person]
    _by_part: dict[str, Reading] = field(init=False)
    _starts: dict[str, list[int]] = field(init=False, default_factory=dict)
    _words: frozenset[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._by_part = {reading.part: reading for reading in self.readings}

    def reading(self, part: TextPart) -> Reading:
        """The reading of one part."""
        return self._by_part[part]

    @property
    def words(self) -> frozenset[str]:
        """All words of the article in small letters."""
        if self._words is None:
            self._words = words_of_story(self.readings)
        return self._words

    def position(self, sentence: Sentence) -> Position:
        """Where a parsed sentence stands."""
        assert sentence.position is not None  # noqa: S101 - the reader says it of every sentence
        return sentence.position

    def mention_at(self, token: Token) -> Mention | None:
        """The name that `token` is part of."""
        position = token.doc.position
        assert position is not None  # noqa: S101 - as `position`, of which this is asked most
        return self._by_part[position.part].at.get(position.token + token.i)

    def participant(self, mention: Mention) -> Participant:
        """A name as a participant: statesmen, bodies of state and towns stand for their country."""
        identifier = mention.id
        if mention.kind == "person":
            person = self.people.get(mention.id)
            if person is not None and person.country and person.role in STATESMEN:
                identifier = person.country
        elif mention.kind in {"organisation", "place"} and mention.country and mention.sort != "igo":
            identifier = mention.country
        return Participant(id=identifier, part=mention.part, start=mention.start, end=mention.end, text=mention.text)

    # --- hyphens ---------------------------------------------------------------------------------------------

    def speaks(self, mention: Mention) -> bool:
        """Is the name no mere half of a word: not "Iran-backed", "pro-Russian", "London-based"; but "US-led"?"""
        doc = self._by_part[mention.part].doc
        start, end = mention.start_token, mention.end_token
        if end + 1 < len(doc) and doc[end].text in {"-", "–"} and not doc[end - 1].whitespace_:
            after = self._by_part[mention.part].at.get(end + 1)
            if (
                after is None
                and not doc[end].whitespace_
                and doc[end + 1].lower_ not in lexicon().words("names", "owned")
            ):
                return False
        if start >= 2 and doc[start - 1].text == "-" and not doc[start - 1].whitespace_:
            return doc[start - 2].lower_ not in lexicon().words("names", "attitudes")
        first = mention.text.lower().split("-")[0]
        return "-" not in mention.text or first not in lexicon().words("names", "attitudes")

    def joined(self, mention: Mention) -> list[Mention]:
        """`mention` and the names hyphened to it: both of "US-China", "Turkish-Greek"."""
        reading = self._by_part[mention.part]
        found = [mention]
        for step in (-1, 1):
            at = mention
            for _ in range(3):
                hyphen = at.start_token - 1 if step < 0 else at.end_token
                other = reading.at.get(hyphen + step)
                if not 0 <= hyphen < len(reading.doc) or reading.doc[hyphen].text not in {"-", "–", "/"}:
                    break
                if other is None or other is at or not (other.country or other.sort in {"igo", "group"}):
                    break
                found.insert(0, other) if step < 0 else found.append(other)
                at = other
        return found

    # --- sentences before ------------------------------------------------------------------------------------

    def sentences_before(self, position: Position, count: int) -> list[Stretch]:
        """The sentences before `position` in its part, nearest first; before those of the text comes the title."""
        found: list[Stretch] = []
        part: TextPart = position.part
        end = position.token
        while len(found) < count:
            starts = self._sentence_starts(part)
            i = bisect_left(starts, end) - 1
            if i < 0:
                if part == "title" or "title" not in self._by_part:
                    break
                part, end = "title", len(self._by_part["title"].doc)
                if end == 0:
                    break
                continue
            found.append(Stretch(part, starts[i], end))
            end = starts[i]
        return found

    def _sentence_starts(self, part: str) -> list[int]:
        if part not in self._starts:
            doc = self._by_part[part].doc
            marked = (doc.to_array(_STARTS) == 1).nonzero()[0].tolist()
            starts = [place for place in marked if not doc[place].is_space]
            first = next((token.i for token in doc if not token.is_space), None)
            self._starts[part] = starts if first is None or first in starts[:1] else [first, *starts]
        return self._starts[part]

    def mentions_in(self, part: TextPart, start: int, end: int) -> list[Mention]:
        """The names between two tokens of a part, in the order of the text."""
        mentions = self._by_part[part].mentions
        low = bisect_left(mentions, start, key=lambda m: m.start_token)
        high = bisect_right(mentions, end - 1, key=lambda m: m.start_token)
        return mentions[low:high]
