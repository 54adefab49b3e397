"""Whom pronouns and definite nouns mean: "it", "its army", "the two leaders", "the ministry", "the country".

A guess is worse than nothing: a word is resolved only if one reading stands out, first inside the sentence, then in the
sentences before it, the title last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from topics.annotations import Participant, TextPart
from workers.annotate.entities import Mention
from workers.annotate.lexicon import lexicon
from workers.annotate.pairs import DEFINITE, Pairs
from workers.annotate.people import Role, offices_in
from workers.annotate.syntax import (
    MODIFIERS,
    PASSIVE_SUBJECTS,
    SUBJECTS,
    behind,
    children,
    is_verbal,
    spread,
    subjects_of,
)
from workers.annotate.words import Token

PERSONAL = frozenset({"he", "she", "him", "her", "his", "himself", "herself"})
SINGULAR = frozenset({"it", "its", "itself"})
OBJECTIVE = frozenset({"it", "them"})
FIRST = frozenset({"we", "i", "us", "our", "my", "me", "ourselves"})
PLURAL = frozenset({"they", "them", "their", "themselves", "both"})
_PRONOUNS = PERSONAL | SINGULAR | PLURAL | FIRST
_BODIES = frozenset({"state", "military", "org", "company", "group"})
_INDEFINITE = frozenset({"a", "an", "no", "another", "any", "other"})
_LOCATIVE = frozenset({"in", "at", "near", "outside", "inside", "from", "by"})
_SELF = ("self", "selves")
_LOOK_BACK = 2
_OFTEN = 4
_OPENING = 1


@dataclass(slots=True)
class References(Pairs):
    """Pronouns and definite nouns; `resolve` is given by the cast."""

    def resolve(self, token: Token) -> list[Participant]:
        """Whom the phrase with head `token` names."""
        raise NotImplementedError

    def is_pronoun(self, token: Token) -> bool:
        """Is `token` a pronoun that may stand for a participant?"""
        return token.lower_ in _PRONOUNS

    def refer(self, pronoun: Token) -> list[Participant]:
        """Whom a pronoun means, or nobody if that is not safe."""
        nouns = self.referents(pronoun)
        if nouns or pronoun.lower_ in FIRST:
            return self._resolved(nouns)
        person = self.previous_person(pronoun) or self.previous_office(pronoun)
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
            # "Chad will stay out, its foreign minister said."
            said = (c for c in children(token, "ccomp") if c.i < pronoun.i and pronoun.dep_ == "poss")
            found += [
                spread(subject)
                for clause in said
                for subject in children(clause, "nsubj", "nsubjpass")
                if subject.pos_ != "PRON" and self._agrees(pronoun.lower_, subject)
            ]
            if token.head == token:
                break
            token = token.head
        if not found and token.dep_ == "ROOT":
            # "In its first reaction, Iran condemned …"
            after = [s for s in children(token, "nsubj", "nsubjpass") if s.left_edge.i > pronoun.i and s.pos_ != "PRON"]
            found += [spread(s) for s in after if self._agrees(pronoun.lower_, s)]
        return found or self._acted_on(pronoun)

    def _acted_on(self, pronoun: Token) -> list[list[Token]]:
        """ "Accused the state of a theft, a charge which its minister denied": whom the clause above acts on."""
        if pronoun.dep_ != "poss":
            return []
        verbs = [t for t in pronoun.ancestors if is_verbal(t)]
        return [
            spread(noun)
            for verb in verbs[1:]
            for noun in children(verb, "dobj")
            if noun.i < pronoun.i and noun.pos_ != "PRON" and self._agrees(pronoun.lower_, noun)
        ]

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
            return "person" in classes and "plural" not in classes
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

    def previous_office(self, pronoun: Token) -> Mention | None:
        """For "he" and "she" after "the Spanish premier told reporters": the country whose statesman is meant."""
        found = self._offices_before(pronoun)
        return found[0][0] if found else None

    def role_before(self, pronoun: Token) -> Role:
        """The role of whom `previous_office` finds."""
        found = self._offices_before(pronoun)
        return found[0][1] if found else ""

    def _offices_before(self, pronoun: Token) -> list[tuple[Mention, Role, int]]:
        """The only office in the sentence before, or the one that it begins with; nothing if it names persons."""
        if pronoun.lower_ not in {"he", "she", "his", "her"}:
            return []
        position = self.position(pronoun.doc)
        before = self.sentences_before(position, 1)
        here = (position.part, position.token, position.token + pronoun.i)
        if not before or self._persons(*here) or self._persons(before[0].part, before[0].start, before[0].end):
            return []
        stretch, reading = before[0], self.reading(before[0].part)
        if any(offices_in(reading, here[1], here[2])):
            return []
        found = list(offices_in(reading, stretch.start, stretch.end))
        if len({office[0].country for office in found}) > 1:
            found = [office for office in found[:1] if office[0].start_token - stretch.start <= _OPENING]
        return found

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
            return self.said_before(token) or self._only_country(token) or self._own_will(token)
        if lemma in roles.words("roles", "body") or self.classes(token) & {"leader", "official"}:
            said = self.said_before(token) or self._titled_before(token)
            return said or self._only_country(token) or self._own_will(token)
        return self.said_before(token) if "military" in self.classes(token) else []

    def _own_will(self, token: Token) -> list[Participant]:
        """ "Chad will close the border, the ministry said": who speaks of what a state will do speaks for it."""
        if token.dep_ not in SUBJECTS or token.head.lemma_.lower() not in lexicon().words("reporting", "say"):
            return []
        clauses = [c for c in children(token.head, "ccomp") if c.i < token.i]
        willed = [c for c in clauses if any(aux.tag_ == "MD" for aux in children(c, "aux"))]
        return [p for c in willed for t in subjects_of(c) if t.pos_ == "PROPN" for p in self.resolve(t)]

    def _is_definite(self, token: Token, *, bare: bool) -> bool:
        """Does the article, or for local bodies nothing at all, point back; and does no name say whose it is?"""
        words = {child.lower_ for child in token.children}
        if (
            token.tag_ not in ({"NN", "NNP", "NNS"} if bare else {"NN", "NNP"})
            or words & _INDEFINITE
            or not (bare or words & DEFINITE)
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

    def said_before(self, token: Token) -> list[Participant]:
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

    def _titled_before(self, token: Token) -> list[Participant]:
        """ "The prime minister" after "Prime Minister Shehbaz Sharif": the only person who has that title so far."""
        position = self.position(token.doc)
        title = [t.lower_ for t in token.doc[max(0, token.i - 1) : token.i + 1] if t.lower_ != "the"]
        found: dict[str, Participant] = {}
        for mention in self._names_before(position, token.i):
            doc, start = self._by_part[mention.part].doc, mention.start_token
            if mention.kind == "person" and [t.lower_ for t in doc[max(0, start - len(title)) : start]] == title:
                found.setdefault(mention.id, self.participant(mention))
        named = list(found.values())
        return named if len(named) == 1 and not named[0].id.startswith("person:") else []

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
        others = [m for m in here if m.country and m.country not in own and m.kind != "person" and m.sort != "igo"]
        if others:
            one = len({m.country for m in others}) == 1 and all(self._is_other_side(m, token) for m in others)
            return [self.participant(others[0]).model_copy(update={"id": others[0].country})] if one else []
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

    def land(self, code: str) -> Participant | None:
        """A country as a participant, by the first name in the article that is its own or lies in it."""
        named = (m for reading in self.readings for m in reading.mentions if m.country == code and m.kind != "person")
        first = next(named, None)
        return self.participant(first).model_copy(update={"id": code}) if first is not None else None

    def land_of(self, place: str) -> str | None:
        """The country in which a place of the article lies, by its entity id."""
        if ":" not in place:
            return place
        names = (m for reading in self.readings for m in reading.mentions if m.id == place)
        return next((m.country for m in names if m.country), None)

    def _is_other_side(self, mention: Mention, deed: Token) -> bool:
        """May a name beside a deed be whom it is done to: no ground ("in Geneva"), nobody who speaks or acts later?"""
        first = mention.start_token - self.position(deed.doc).token
        if mention.kind == "place" or not self.speaks(mention) or (first and deed.doc[first - 1].lower_ in _LOCATIVE):
            return False
        word = deed.doc[mention.end_token - 1 - self.position(deed.doc).token]
        while word.dep_ in MODIFIERS:
            word = word.head
        if word.dep_ == "pobj" and word.head.lower_ == "to" and is_verbal(word.head.head):
            return False  # "since he went to Russia"
        if word.dep_ not in SUBJECTS | PASSIVE_SUBJECTS:
            return True
        return word.i < deed.i and word.head.lemma_.lower() not in lexicon().words("reporting", "say")

    def _countries(self, mentions: Iterable[Mention]) -> list[Participant]:
        found: dict[str, Participant] = {}
        for mention in mentions:
            ground = mention.kind == "place" and mention.sort != "capital"
            if mention.country and mention.kind in {"country", "organisation", "place"} and not ground:
                found.setdefault(mention.country, self.participant(mention))
        return list(found.values())
