"""Whom a sentence is about, and who "the two leaders", "both countries" and "the truce" join: parties it spoke of.

A pair is taken from the nearest sentence that names two states together; nobody is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from topics.annotations import Participant
from workers.annotate.classes import Classes
from workers.annotate.entities import Mention
from workers.annotate.lexicon import lexicon
from workers.annotate.scene import STATESMEN, Position, Stretch
from workers.annotate.syntax import behind, children
from workers.annotate.words import Token

DEFINITE = frozenset({"the", "this", "that", "these", "those"})
_COUNTS = frozenset({"two", "both", "three"})
_JOINTS = frozenset({"and", ",", "the", "'s"})
_TWINS = frozenset({"koreas", "sudans", "congos"})
_PAIR_BACK = 4
_LEADING = frozenset({"leader", "president", "man", "premier", "chancellor", "monarch", "king", "head"})
_COUPLES = frozenset({"pair", "duo", "two", "both"})


@dataclass(slots=True)
class Pairs(Classes):
    """Topics of sentences, and the parties that a plural joins."""

    def topic(self, stretch: Stretch) -> list[Participant]:
        """Whom a sentence is about: what it begins with, and what that is joined to by "and"."""
        first = self._first_name(stretch)
        if first is None or first.kind == "person":
            return []
        found = {p.id: p for p in map(self.participant, self.joined(first))}
        doc = self.reading(stretch.part).doc
        names = [
            m for m in self.mentions_in(stretch.part, first.end_token, stretch.end) if m.country or m.sort == "igo"
        ]
        last = first
        for name in names:
            between = [doc[i].lower_ for i in range(last.end_token, name.start_token)]
            if not between or len(between) > 3 or not set(between) <= _JOINTS:
                break
            found.setdefault(name.id, self.participant(name))
            last = name
        return list(found.values())

    def _first_name(self, stretch: Stretch) -> Mention | None:
        """The name that a sentence begins with, article, adjectives and a role before it: most likely its subject."""
        doc = self.reading(stretch.part).doc
        for mention in self.mentions_in(stretch.part, stretch.start, stretch.end):
            if mention.kind not in {"country", "organisation", "group", "person"}:
                continue
            before = [doc[i] for i in range(stretch.start, mention.start_token) if not doc[i].is_space]
            if len(before) > 4 or any(t.lower_ in lexicon().words("syntax", "prepositions") for t in before):
                return None
            if mention.kind == "country" and (following := self._leads(mention)) is not None:
                return following
            return mention
        return None

    def _leads(self, country: Mention) -> Mention | None:
        """The person that a country's name stands before: "French President Luc Marnier"."""
        at = self.reading(country.part).at
        near = (at.get(i) for i in range(country.end_token, country.end_token + 5))
        return next((m for m in near if m is not None and m.kind == "person"), None)

    def twins(self, token: Token) -> list[Participant]:
        """ "Both Koreas", "the two Sudans"."""
        codes = lexicon().words("names", token.lower_) if token.lower_ in _TWINS else frozenset()
        return [self.spoken_for(token, code.upper()) for code in sorted(codes)]

    def spoken_for(self, token: Token, country: str) -> Participant:
        """A country under a word that is no name of it: "the pope", "both Koreas"."""
        position = self.position(token.doc)
        reading = self.reading(position.part)
        start = reading.doc[position.token + token.i].idx
        end = start + len(token.text)
        return Participant(id=country, part=position.part, start=start, end=end, text=reading.raw[start:end])

    # --- two of them ------------------------------------------------------------------------------------------

    def parties(self, token: Token, *, leaders: bool = False) -> list[Participant]:
        """Whom "the two leaders", "both sides", "the leaders" mean: the two states or statesmen named last."""
        lemma = token.lemma_.lower()
        if leaders and token.lower_ in _COUPLES and self._is_couple(token):
            return self.states_before(self.position(token.doc), token.i, statesmen=True, strict=True)
        two = token.lower_ == "both" or (token.lower_ == "two" and any(c.lower_ == "the" for c in token.children))
        if two and token.dep_ in {"nsubj", "nsubjpass", "pobj", "dobj"} and not leaders:
            return self.states_before(self.position(token.doc), token.i)
        heads = lemma == "head" and any(t.lower_ in {"state", "government"} for t in behind(token, "of"))
        plural = token.tag_ in {"NNS", "NNPS"} and (lemma in lexicon().words("roles", "parties") or heads)
        if not plural or self.owning(token):
            return []
        owner = next((c for c in children(token, "poss") if c.tag_ in {"NNS", "NNPS"}), token)
        words = {child.lower_ for child in (*token.children, *owner.children)}
        leading = lemma in _LEADING
        if not words & ({"the", "their"} | _COUNTS) or (leaders and not leading):
            return []
        return self.states_before(self.position(token.doc), token.i, statesmen=leaders or leading)

    def _is_couple(self, token: Token) -> bool:
        """ "The pair", "the two", "both": two people, and nobody says of what."""
        plain = not children(token, "amod", "compound", "prep", "poss")
        return plain and (token.lower_ == "both" or any(c.lower_ == "the" for c in token.children))

    def states_before(
        self, position: Position, offset: int, *, statesmen: bool = False, strict: bool = False
    ) -> list[Participant]:
        """The two states (or whose statesmen) that the nearest sentence names together, else that the article knows.

        Nobody, if there are not two; if `strict`, where there are no two statesmen.
        """
        here = Stretch(position.part, position.token, position.token + offset)
        before = self.sentences_before(position, _PAIR_BACK)
        joined = [stretch for stretch in before[:1] if self._joins_two(stretch)]
        for stretch in (here, *joined, *self._opening(position), *before):
            found = self._states_in(self.mentions_in(stretch.part, stretch.start, stretch.end), statesmen=statesmen)
            if len(found) == 2:
                return found
            if not statesmen and (stretch is not here or len(found) > 2) and self._joins_two(stretch):
                return self.topic(stretch)
        found = self._states_in(self._names_before(position, offset), statesmen=statesmen)
        if len(found) == 2:
            return found
        return self.states_before(position, offset) if statesmen and not strict else []

    def pair_here(self, noun: Token) -> list[Participant]:
        """The two parties of which the sentence has spoken before "the truce", "the talks"."""
        position = self.position(noun.doc)
        if not any(child.lower_ in DEFINITE for child in noun.children):
            bare = not children(noun, "det", "amod", "poss", "compound", "nummod")
            here = Stretch(position.part, position.token, position.token + noun.i)
            return self.topic(here) if bare and self._joins_two(here) else []
        mentions = self.mentions_in(position.part, position.token, position.token + noun.i)
        found = self._states_in(mentions, statesmen=False)
        return found if len(found) == 2 else []

    def _joins_two(self, stretch: Stretch) -> bool:
        """Does a sentence speak of two states in one breath: "Chad and Niger have fought …"?"""
        return len({p.id for p in self.topic(stretch)}) == 2

    def _opening(self, position: Position) -> list[Stretch]:
        """Title and first sentence, if `position` is behind them: there an article says whose story it is."""
        if position.part == "title":
            return []
        starts = self._sentence_starts("text")
        lead = [Stretch("text", starts[0], starts[1])] if len(starts) > 1 and starts[1] <= position.token else []
        title = self._by_part.get("title")
        return [*([Stretch("title", 0, len(title.doc))] if title is not None else []), *lead]

    def _states_in(self, mentions: Iterable[Mention], *, statesmen: bool) -> list[Participant]:
        found: dict[str, Participant] = {}
        for mention in mentions:
            role = self.people[mention.id].role if mention.kind == "person" and mention.id in self.people else ""
            party = mention.kind == "country" or mention.sort in {"group", "igo"} or role in STATESMEN
            wanted = role == "leader" if statesmen else party
            if not wanted or not self.speaks(mention):
                continue
            participant = self.participant(mention)
            if not participant.id.startswith("person:"):
                found.setdefault(participant.id, participant)
        return list(found.values())

    def _names_before(self, position: Position, offset: int) -> list[Mention]:
        here = [m for m in self._by_part[position.part].mentions if m.start_token < position.token + offset]
        title = self._by_part["title"].mentions if position.part == "text" and "title" in self._by_part else []
        return [*reversed(here), *title]
