"""The cast of an article: what a word of a parsed sentence stands for.

As a class, for the conditions of triggers (a leader, a place), and as an entity, for the roles of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from spacy.tokens import Doc, Token

from topics.annotations import Participant, TextPart
from workers.annotate.entities import Mention, Reading, is_company
from workers.annotate.lexicon import lexicon
from workers.annotate.people import Person, role_of
from workers.annotate.syntax import antecedent, behind, children, spread

_PERSON_PRONOUNS = frozenset({"he", "she", "him", "her", "his", "himself", "herself"})
_GROUP_PRONOUNS = frozenset({"it", "its", "they", "them", "their", "itself", "themselves"})
_LINKS = frozenset({"compound", "amod", "nmod", "poss", "appos"})
_CLASSES_OF = {
    "country": ("country", "state", "abroad", "place"),
    "igo": ("org", "igo", "state"),
    "group": ("group", "people"),
}
_HIDING = frozenset({"compound", "nmod", "amod", "conj", "appos"})
_BODIES = frozenset({"state", "military", "org", "company", "group"})
_PARTY_COUNT = frozenset({"two", "both", "three"})


@dataclass(frozen=True, slots=True)
class Position:
    """Where a sentence of its own stands: the part, and its first token and character there."""

    part: TextPart
    token: int
    end_token: int
    start: int
    end: int


@dataclass(slots=True)
class Cast:
    """Mentions, persons and parties of one article; answers for tokens of its parsed sentences."""

    readings: Sequence[Reading]
    people: dict[str, Person]
    _by_part: dict[str, Reading] = field(init=False)
    _classes: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_part = {reading.part: reading for reading in self.readings}

    def reading(self, part: TextPart) -> Reading:
        """The reading of one part."""
        return self._by_part[part]

    def position(self, doc: Doc) -> Position:
        """Where a parsed sentence stands."""
        position: Position = doc.user_data["position"]
        return position

    def mention_at(self, token: Token) -> Mention | None:
        """The name that `token` is part of."""
        position = self.position(token.doc)
        return self._by_part[position.part].at.get(position.token + token.i)

    # --- classes ---------------------------------------------------------------------------------------------

    def classes(self, token: Token) -> frozenset[str]:
        """The classes of the ontology that the phrase with head `token` belongs to."""
        key = (id(token.doc), token.i)
        if key not in self._classes:
            self._classes[key] = frozenset(self._find_classes(token))
        return self._classes[key]

    def _find_classes(self, token: Token) -> set[str]:
        found = {"any"}
        if token.tag_ in {"NNS", "NNPS"} or any(c.dep_ == "conj" for c in token.children):
            found.add("plural")
        if token.pos_ == "NUM":
            found.add("number")
        token = antecedent(token)
        mention = self.mention_at(token)
        if mention is not None:
            found |= self._mention_classes(mention)
        if token.pos_ == "PRON":
            for noun in self.referents(token):
                found |= self.classes(noun)
            previous = self._previous(token) if len(found) == 1 else None
            return found | (self._mention_classes(previous) if previous is not None else set())
        found |= self._noun_classes(token)
        for child in children(token, "appos", "compound"):
            if child.dep_ == "appos" or mention is not None:
                found |= self._noun_classes(child)
                inner = self.mention_at(child)
                if inner is not None and child.dep_ == "appos":
                    found |= self._mention_classes(inner)
        return found

    def _mention_classes(self, mention: Mention) -> set[str]:
        if mention.kind == "person":
            role = self.people[mention.id].role if mention.id in self.people else ""
            return {"person", "people"} | ({role, "state"} if role in {"leader", "official"} else set())
        if mention.kind == "place":
            return {"place", "abroad"} if mention.sort == "capital" else {"place"}
        if mention.kind == "organisation" and mention.sort != "igo":
            return {"org", "state"} if mention.country else {"org", "company"} if is_company(mention.text) else {"org"}
        return set(_CLASSES_OF.get("igo" if mention.sort == "igo" else mention.kind, ()))

    def _noun_classes(self, token: Token) -> set[str]:
        lemma = token.lemma_.lower()
        if token.pos_ not in {"NOUN", "PROPN", "ADJ"} and token.tag_ not in {"NN", "NNS"}:
            return set()
        roles = lexicon()
        found: set[str] = set()
        doc = token.doc
        if token.i > 0 and token.nbor(-1).lower_ in {"mr", "mr.", "mrs", "mrs.", "ms", "ms.", "dr", "dr."}:
            return set()  # Mr. King is no king
        words = [t.lower_ for t in doc[max(0, token.i - 4) : token.i]] + [lemma]
        role = role_of(words, len(words) - 1)
        if role == "leader" and (self._country_of(token) or token.pos_ == "NOUN" or token.text[:1].isupper()):
            found |= {"leader", "state", "person"}
        elif role == "official":
            found |= {"official", "state", "person"}
        if lemma in roles.words("roles", "body") and (
            self._country_of(token) or lemma in {"government", "ministry", "parliament", "junta"}
        ):
            found |= {"state", "org"}
        if lemma in roles.words("roles", "military"):
            found.add("military")
            if self._country_of(token):
                found.add("state")
        for name in ("group", "people", "company"):
            if lemma in roles.words("roles", name):
                found.add(name)
        return found

    def _country_of(self, token: Token) -> Mention | None:
        """The country that modifies a noun: "Russian troops", "Russia's army", "the army of Russia"."""
        own = self.mention_at(token)
        if own is not None and own.country and own.kind != "person":
            return own
        for child in token.children:
            if child.dep_ in _LINKS:
                mention = self.mention_at(child)
                if mention is not None and (mention.country or mention.sort == "igo") and mention.kind != "person":
                    return mention
                deeper = [self.mention_at(c) for c in child.children if c.dep_ in _LINKS]
                for inner in deeper:
                    if inner is not None and inner.country and inner.kind != "person" and child.dep_ != "appos":
                        return inner
        for prep in children(token, "prep"):
            if prep.lower_ in {"of", "from"}:
                for noun in children(prep, "pobj"):
                    mention = self.mention_at(noun)
                    if mention is not None and mention.country and mention.kind != "person":
                        return mention
        return None

    # --- entities --------------------------------------------------------------------------------------------

    def resolve(self, token: Token) -> list[Participant]:
        """Whom the phrase with head `token` names. A head or body of state stands for its country."""
        token = antecedent(token)
        if token.pos_ == "PRON" or token.lower_ in _PERSON_PRONOUNS | _GROUP_PRONOUNS:
            nouns = self.referents(token)
            if nouns:
                return [p for noun in nouns for p in self.resolve(noun)]
            previous = self._previous(token)
            return [self._participant(previous)] if previous is not None else []
        mention = self.mention_at(token)
        if mention is not None and mention.kind == "person":
            return [self._person(token, mention)]
        if mention is not None and mention.kind in {"country", "organisation", "group", "place"}:
            return [self._participant(mention)]
        return self._common_noun(token)

    def _participant(self, mention: Mention) -> Participant:
        identifier = mention.id
        if mention.kind == "person":
            person = self.people.get(mention.id)
            if person is not None and person.country and person.role in {"leader", "official"}:
                identifier = person.country
        elif mention.kind in {"organisation", "place"} and mention.country and mention.sort != "igo":
            identifier = mention.country
        return Participant(id=identifier, part=mention.part, start=mention.start, end=mention.end, text=mention.text)

    def _person(self, token: Token, mention: Mention) -> Participant:
        found = self._participant(mention)
        if found.id.startswith("person:"):
            country = self._country_of(token)
            roles = self.classes(token) & {"leader", "official"}
            if country is not None and roles:
                return found.model_copy(update={"id": country.country or country.id})
        return found

    def _common_noun(self, token: Token) -> list[Participant]:
        lemma = token.lemma_.lower()
        roles = lexicon()
        classes = self.classes(token)
        for child in children(token, "appos"):
            inner = self.mention_at(child)
            if inner is not None and inner.kind == "person":
                return [self._person(child, inner)]
        countries = self._countries_of(token)
        if countries and (
            classes & {"state", "military", "group"}
            or any(lemma in roles.words("roles", n) for n in ("body", "parties", "people"))
        ):
            return [self._participant(country) for country in countries]
        if classes & {"military", "group", "leader", "official"}:
            return [
                self._participant(inner)
                for child in (*children(token, "compound", "amod", "nmod", "poss"), *behind(token, "of"))
                if (inner := self.mention_at(child)) is not None and (inner.kind == "group" or inner.sort == "igo")
            ]
        return []

    def owners(self, token: Token) -> list[Participant]:
        """Whose the thing is that a phrase names: "Russia's fight" stands for Russia as a target."""
        found = [self._participant(m) for m in self._countries_of(token)]
        if found:
            return found
        return [p for child in children(token, "poss") if child.pos_ != "PRON" for p in self.resolve(child)]

    def _countries_of(self, token: Token) -> list[Mention]:
        """All countries that modify a noun: "Russian and Ukrainian negotiators", "leaders of Japan and China"."""
        first = self._country_of(token)
        if first is None:
            return []
        found = {first.id: first}
        for child in token.children:
            inner = [child] if child.dep_ in _LINKS else []
            if child.dep_ == "prep" and child.lower_ in {"of", "from"}:
                inner = list(children(child, "pobj"))
            for word in (w for one in inner for w in spread(one)):
                mention = self.mention_at(word)
                if mention is not None and mention.country and mention.kind != "person":
                    found.setdefault(mention.id, mention)
        return list(found.values())

    def referents(self, pronoun: Token) -> list[Token]:
        """What a pronoun means inside its sentence, where it is safe: the subject of a clause above it."""
        word = pronoun.lower_
        token = pronoun
        for _ in range(8):
            head = token.head
            if head == token:
                break
            for subject in children(head, "nsubj", "nsubjpass"):
                if subject.i < pronoun.i and subject.pos_ != "PRON" and self._agrees(word, subject):
                    return spread(subject)
            token = head
        return []

    def _agrees(self, pronoun: str, noun: Token) -> bool:
        mention = self.mention_at(noun)
        classes = self.classes(noun)
        if pronoun in _PERSON_PRONOUNS:
            return "person" in classes
        if pronoun in {"it", "its", "itself"}:
            named = mention is not None and mention.kind in {"country", "organisation", "group"}
            return named or ("plural" not in classes and "person" not in classes and bool(classes & _BODIES))
        if pronoun in _GROUP_PRONOUNS:
            return "plural" in classes or (mention is not None and mention.kind == "group")
        return False

    def _previous(self, pronoun: Token) -> Mention | None:
        """For "he" and "she": the only person named before in the sentence, else in the one before it."""
        if pronoun.lower_ not in {"he", "she"}:
            return None
        position = self.position(pronoun.doc)
        mentions = [m for m in self._by_part[position.part].mentions if m.kind == "person"]
        here = [m for m in mentions if position.token <= m.start_token < position.token + pronoun.i]
        if here:
            return here[0] if len({m.id for m in here}) == 1 else None
        before = [m for m in mentions if position.token - 45 <= m.start_token < position.token]
        return before[0] if before and len({m.id for m in before}) == 1 else None

    def companions(self, token: Token) -> list[Token]:
        """Persons whom a broken parse hid inside a phrase: "Brazilian President Lula da Silva and President Milei"."""
        own = self.mention_at(token)
        if own is None or own.kind != "person":
            return []
        found: dict[str, Token] = {}
        for word in token.subtree:
            mention = self.mention_at(word)
            if mention is None or mention.kind != "person" or mention.id == own.id:
                continue
            step = word
            while step != token and step.dep_ in _HIDING:
                step = step.head
            if step == token:
                found[mention.id] = word
        return list(found.values())

    def parties(self, token: Token, *, leaders: bool = False) -> list[Participant]:
        """Whom "the two leaders", "both sides", "the leaders" mean: the leaders' countries named most lately before."""
        lemma = token.lemma_.lower()
        if (
            token.tag_ not in {"NNS", "NNPS"}
            or lemma not in lexicon().words("roles", "parties")
            or self._country_of(token)
        ):
            return []
        words = {child.lower_ for child in token.children}
        if not words & ({"the"} | _PARTY_COUNT | {"their"}):
            return []
        if leaders and lemma not in {"leader", "president", "man"}:
            return []
        position = self.position(token.doc)
        found: dict[str, Participant] = {}
        for mention in self._before(position, token.i):
            participant = self._participant(mention)
            role = self.people[mention.id].role if mention.kind == "person" and mention.id in self.people else ""
            wanted = (
                role == "leader"
                if leaders or lemma in {"leader", "president", "man"}
                else mention.kind == "country" or bool(role)
            )
            if wanted and not participant.id.startswith("person:"):
                found.setdefault(participant.id, participant)
            if len(found) == 2:
                break
        return list(found.values()) if len(found) == 2 else []

    def _before(self, position: Position, offset: int) -> list[Mention]:
        here = [m for m in self._by_part[position.part].mentions if m.start_token < position.token + offset]
        title = self._by_part["title"].mentions if position.part == "text" and "title" in self._by_part else []
        return [*reversed(here), *title]
