"""Whom pronouns and definite nouns mean: "it", "its army", "the two leaders", "the ministry", "the country".

A guess is worse than nothing: a word is resolved only if one reading stands out, first inside the sentence, then in the
sentences before it, the title last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy.tokens import Token

from topics.annotations import Participant, TextPart
from workers.annotate.classes import Classes
from workers.annotate.entities import Mention
from workers.annotate.lexicon import lexicon
from workers.annotate.scene import STATESMEN, Position, Stretch
from workers.annotate.syntax import behind, children, is_verbal, spread, subjects_of

PERSONAL = frozenset({"he", "she", "him", "her", "his", "himself", "herself"})
SINGULAR = frozenset({"it", "its", "itself"})
OBJECTIVE = frozenset({"it", "them"})
FIRST = frozenset({"we", "i", "us", "our", "my", "me", "ourselves"})
PLURAL = frozenset({"they", "them", "their", "themselves", "both"})
_BODIES = frozenset({"state", "military", "org", "company", "group"})
_COUNTS = frozenset({"two", "both", "three"})
_INDEFINITE = frozenset({"a", "an", "no", "another", "any", "other"})
_DEFINITE = frozenset({"the", "this", "that", "these", "those"})
_JOINTS = frozenset({"and", ",", "the", "'s"})
_SELF = ("self", "selves")
_LOOK_BACK = 2
_PAIR_BACK = 4
_OFTEN = 4
_LEADING = frozenset({"leader", "president", "man"})


@dataclass(slots=True)
class References(Classes):
    """Pronouns and definite nouns; `resolve` is given by the cast."""

    def resolve(self, token: Token) -> list[Participant]:
        """Whom the phrase with head `token` names."""
        raise NotImplementedError

    def is_pronoun(self, token: Token) -> bool:
        """Is `token` a pronoun that may stand for a participant?"""
        return any(token.lower_ in words for words in (PERSONAL, SINGULAR, PLURAL, FIRST))

    def refer(self, pronoun: Token) -> list[Participant]:
        """Whom a pronoun means, or nobody if that is not safe."""
        nouns = self.referents(pronoun)
        if nouns or pronoun.lower_ in FIRST:
            return self._resolved(nouns)
        person = self.previous_person(pronoun)
        if person is not None:
            return [self.participant(person)]
        if pronoun.lower_ in PERSONAL or self._stands_in_between(pronoun):
            return []
        return self._from_before(pronoun)

    def _resolved(self, nouns: Sequence[Token]) -> list[Participant]:
        return list({p.id: p for noun in nouns for p in self.resolve(noun)}.values())

    # --- inside the sentence ---------------------------------------------------------------------------------

    def referents(self, pronoun: Token) -> list[Token]:
        """What a pronoun means inside its sentence: the subject of a clause above it, else the one it leads up to."""
        chains = self.referent_chains(pronoun)
        return chains[0] if chains else []

    def referent_chains(self, pronoun: Token) -> list[list[Token]]:
        """All that a pronoun may mean inside its sentence, the nearest first."""
        found: list[list[Token]] = []
        if not self.is_pronoun(pronoun):
            return found
        if pronoun.lower_ in FIRST:
            return self._speaker(pronoun)
        found += self._reproached(pronoun)
        token = pronoun
        # Whom one does something to is another: "Poland blamed it".
        below = pronoun.dep_ in {"dobj", "dative"} and pronoun.head.dep_ in {"advcl", "ccomp", "relcl"}
        apart = pronoun.head if below and not pronoun.lower_.endswith(_SELF) else None
        for _ in range(10):
            found += [
                spread(subject)
                for subject in children(token, "nsubj", "nsubjpass")
                if subject.i < pronoun.i and subject.pos_ != "PRON" and self._agrees(pronoun.lower_, subject)
                if token != apart
            ]
            if token.head == token:
                break
            token = token.head
        if not found and token.dep_ == "ROOT":
            # "In its first reaction, Iran condemned …"
            after = [s for s in children(token, "nsubj", "nsubjpass") if s.left_edge.i > pronoun.i and s.pos_ != "PRON"]
            found += [spread(s) for s in after if self._agrees(pronoun.lower_, s)]
        return found

    def _speaker(self, pronoun: Token) -> list[list[Token]]:
        """ "We condemn it," the minister said: who says so."""
        for verb in pronoun.ancestors:
            if is_verbal(verb) and verb.lemma_.lower() in lexicon().words("reporting", "say"):
                who = [t for t in subjects_of(verb) if t.pos_ != "PRON"]
                if who and who[0].i > pronoun.i:
                    return [who]
        return []

    def _reproached(self, pronoun: Token) -> list[list[Token]]:
        """ "Sanctions on Chad over its raid", "condemned Chad for its raid": the deed is theirs to whom it is done."""
        thing = pronoun.head
        prep = thing.head
        if pronoun.dep_ != "poss" or thing.dep_ != "pobj" or prep.lower_ not in {"over", "for"}:
            return []
        verb = next((t for t in prep.ancestors if is_verbal(t)), None)
        if verb is None:
            return []
        near = [t for word in ("on", "against") for t in (*behind(verb, word), *self._behind_objects(verb, word))]
        return [[t] for t in (*children(verb, "dobj"), *near) if t.i < pronoun.i and self._agrees(pronoun.lower_, t)]

    def _behind_objects(self, verb: Token, word: str) -> list[Token]:
        return [t for noun in children(verb, "dobj") for t in behind(noun, word)]

    def _agrees(self, pronoun: str, noun: Token) -> bool:
        mention = self.mention_at(noun)
        classes = self.classes(noun)
        if pronoun in PERSONAL:
            return "person" in classes
        if pronoun in SINGULAR:
            named = mention is not None and mention.kind in {"country", "organisation", "group"}
            return named or ("plural" not in classes and "person" not in classes and bool(classes & _BODIES))
        return "plural" in classes or (mention is not None and mention.kind == "group")

    def _stands_in_between(self, pronoun: Token) -> bool:
        """Is there another noun before it that the pronoun may mean, in its own clause or above?"""
        singular = pronoun.lower_ in SINGULAR
        for token in pronoun.ancestors:
            for subject in children(token, "nsubj", "nsubjpass"):
                plural = subject.tag_ in {"NNS", "NNPS"} or any(c.dep_ == "conj" for c in subject.children)
                if subject.i < pronoun.i and subject.pos_ in {"NOUN", "PROPN"} and plural != singular:
                    return True
        return False

    # --- in the sentences before -----------------------------------------------------------------------------

    def previous_person(self, pronoun: Token) -> Mention | None:
        """For "he" and "she": the only person before it in the sentence, else the subject of the last one."""
        if pronoun.lower_ not in {"he", "she", "his", "her"}:
            return None
        position = self.position(pronoun.doc)
        here = self._persons(position.part, position.token, position.token + pronoun.i)
        if here:
            return here[0] if len({m.id for m in here}) == 1 else None
        for stretch in self.sentences_before(position, _LOOK_BACK):
            persons = self._persons(stretch.part, stretch.start, stretch.end)
            if persons:
                if len({m.id for m in persons}) == 1:
                    return persons[0]
                return next((m for m in persons if m is self._first_name(stretch)), None)
        return None

    def _persons(self, part: TextPart, start: int, end: int) -> list[Mention]:
        return [m for m in self.mentions_in(part, start, end) if m.kind == "person"]

    def _from_before(self, pronoun: Token) -> list[Participant]:
        """ "It" and "they" that nothing in the sentence explains: the subject of the last sentence, if it agrees."""
        position = self.position(pronoun.doc)
        before = self.sentences_before(position, 1)
        if not before:
            return []
        found = self.topic(before[0])
        if not found and pronoun.lower_ in PLURAL:
            found = self.states_before(position, pronoun.i)
        agrees = (len(found) > 1) == (pronoun.lower_ in PLURAL) or self._is_group(found)
        return found if agrees else []

    def _is_group(self, found: Sequence[Participant]) -> bool:
        return len(found) == 1 and found[0].id.startswith("group:")

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

    # --- definite nouns --------------------------------------------------------------------------------------

    def definite(self, token: Token) -> list[Participant]:
        """Whom "the country", "the ministry", "the president" mean: the country that they were last said of."""
        lemma, roles = token.lemma_.lower(), lexicon()
        bare = lemma in roles.words("roles", "local")
        if not self._is_definite(token, bare=bare):
            return []
        if lemma in roles.words("roles", "country"):
            return self._country_said(token)
        if bare:
            return self._said_before(token) or self._only_country(token)
        if lemma in roles.words("roles", "body") or self.classes(token) & {"leader", "official"}:
            return self._said_before(token) or self._only_country(token)
        return self._said_before(token) if "military" in self.classes(token) else []

    def _is_definite(self, token: Token, *, bare: bool) -> bool:
        """Does the article, or for local bodies nothing at all, point back; and does no name say whose it is?"""
        words = {child.lower_ for child in token.children}
        if (
            token.tag_ not in ({"NN", "NNP", "NNS"} if bare else {"NN", "NNP"})
            or words & _INDEFINITE
            or not (bare or words & _DEFINITE)
        ):
            return False
        named = {"amod", "compound", "poss", "relcl"}
        return not any(c.dep_ in named and c.tag_.startswith(("NNP", "PRP")) for c in token.children)

    def _country_said(self, token: Token) -> list[Participant]:
        """ "The country": the only one named before in the sentence, or the one that the last sentence is about."""
        position = self.position(token.doc)
        here = self._countries(self.mentions_in(position.part, position.token, position.token + token.i))
        if here:
            return here if len(here) == 1 else []
        for stretch in self.sentences_before(position, _LOOK_BACK):
            found = [p for p in self.topic(stretch) if ":" not in p.id]
            found = found or self._countries(self.mentions_in(stretch.part, stretch.start, stretch.end))
            if found:
                return found if len(found) == 1 else []
        return []

    def _said_before(self, token: Token) -> list[Participant]:
        """ "The ministry" after "Iran's foreign ministry": the same noun with a country right before it."""
        position = self.position(token.doc)
        limit = position.token + token.i
        for part in dict.fromkeys((position.part, "title")):
            if part not in self._by_part:
                continue
            mentions = self._by_part[part].mentions
            for mention in reversed(mentions):
                if mention.kind != "country" or (part == position.part and mention.start_token >= limit):
                    continue
                doc = self._by_part[part].doc
                near = doc[mention.end_token : mention.end_token + 5]
                if any(t.lower_ == token.lower_ for t in near) and not any(t.is_punct and t.text == "," for t in near):
                    return [self.participant(mention)]
        return []

    def _only_country(self, token: Token) -> list[Participant]:
        """The only country that the article has named before."""
        position = self.position(token.doc)
        named = self._countries(self._names_before(position, token.i))
        return named if len(named) == 1 else self._standing_out()

    def _standing_out(self) -> list[Participant]:
        """The country that the article names far more often than any other."""
        spoken: Counter[str] = Counter()
        first: dict[str, Mention] = {}
        for reading in self.readings:
            for mention in reading.mentions:
                if mention.country and mention.kind in {"country", "organisation"} and mention.sort != "igo":
                    spoken[mention.country] += 3 if reading.part == "title" else 1
                    first.setdefault(mention.country, mention)
        ranked = spoken.most_common(2)
        if not ranked or ranked[0][1] < _OFTEN or (len(ranked) > 1 and ranked[0][1] < 2 * ranked[1][1]):
            return []
        return [self.participant(first[ranked[0][0]])]

    def home_of_story(self, token: Token, own: set[str]) -> list[Participant]:
        """The country that the article tells of, apart from `own`, if the sentence names no other.

        For what is done to somebody abroad whom the sentence does not name: "Peru sent a field hospital".
        """
        position = self.position(token.doc)
        here = self.mentions_in(position.part, position.token, position.end_token)
        if any(m.country and m.country not in own and m.kind != "person" for m in here):
            return []
        spoken: Counter[str] = Counter()
        first: dict[str, Mention] = {}
        for reading in self.readings:
            for mention in reading.mentions:
                if (
                    mention.country
                    and mention.country not in own
                    and mention.kind != "person"
                    and mention.sort != "igo"
                ):
                    spoken[mention.country] += 3 if reading.part == "title" else 1
                    first.setdefault(mention.country, mention)
        ranked = spoken.most_common(2)
        if not ranked or ranked[0][1] < _OFTEN or (len(ranked) > 1 and ranked[0][1] < 2 * ranked[1][1]):
            return []
        found = self.participant(first[ranked[0][0]])
        return [found.model_copy(update={"id": ranked[0][0]})]

    def _countries(self, mentions: Iterable[Mention]) -> list[Participant]:
        found: dict[str, Participant] = {}
        for mention in mentions:
            ground = mention.kind == "place" and mention.sort != "capital"
            if mention.country and mention.kind in {"country", "organisation", "place"} and not ground:
                found.setdefault(mention.country, self.participant(mention))
        return list(found.values())

    # --- parties ---------------------------------------------------------------------------------------------

    def parties(self, token: Token, *, leaders: bool = False) -> list[Participant]:
        """Whom "the two leaders", "both sides", "the leaders" mean: the two states or statesmen named last."""
        lemma = token.lemma_.lower()
        if token.lower_ == "both" and token.dep_ in {"nsubj", "nsubjpass", "pobj", "dobj"} and not leaders:
            return self.states_before(self.position(token.doc), token.i)
        plural = token.tag_ in {"NNS", "NNPS"} and lemma in lexicon().words("roles", "parties")
        if not plural or self.owning(token):
            return []
        owner = next((c for c in children(token, "poss") if c.tag_ in {"NNS", "NNPS"}), token)
        words = {child.lower_ for child in (*token.children, *owner.children)}
        if not words & ({"the", "their"} | _COUNTS) or (leaders and lemma not in _LEADING):
            return []
        return self.states_before(self.position(token.doc), token.i, statesmen=leaders or lemma in _LEADING)

    def states_before(self, position: Position, offset: int, *, statesmen: bool = False) -> list[Participant]:
        """The two states (or whose statesmen) that the nearest sentence names together, else that the article knows.

        Nobody, if there are not two.
        """
        here = Stretch(position.part, position.token, position.token + offset)
        before = self.sentences_before(position, _PAIR_BACK)
        joined = [stretch for stretch in before[:1] if self._joins_two(stretch)]
        for stretch in (here, *joined, *self._opening(position), *before):
            found = self._states_in(self.mentions_in(stretch.part, stretch.start, stretch.end), statesmen=statesmen)
            if len(found) == 2:
                return found
        found = self._states_in(self._names_before(position, offset), statesmen=statesmen)
        if len(found) == 2:
            return found
        return self.states_before(position, offset) if statesmen else []

    def pair_here(self, noun: Token) -> list[Participant]:
        """The two parties of which the sentence has spoken before "the truce", "the talks"."""
        if not any(child.lower_ in _DEFINITE for child in noun.children):
            return []
        position = self.position(noun.doc)
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
