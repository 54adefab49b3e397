"""What a phrase of a parsed sentence is: its classes in the ontology's sense, and the states that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from topics.annotations import Participant
from workers.annotate.entities import Mention, is_company
from workers.annotate.leaders import is_name_of_office, led_in
from workers.annotate.lexicon import lexicon
from workers.annotate.nouns import nouns
from workers.annotate.people import Person, Role, may_be_role, role_of
from workers.annotate.scene import Scene
from workers.annotate.syntax import antecedent, behind, children, lemma_of, spread
from workers.annotate.words import Token

_ROLES = lexicon().sections["roles"]
_LINKS = frozenset({"compound", "amod", "nmod", "poss", "appos", "npadvmod"})
_CLASSES_OF = {
    "country": frozenset({"country", "state", "abroad", "place", "site"}),
    "igo": frozenset({"org", "igo", "state"}),
    "group": frozenset({"group", "people", "human"}),
}
_PERSON = frozenset({"person", "people", "human"})
_PRIVATE = _PERSON | {"private"}
_STATESMEN = {role: _PERSON | {role, "state"} for role in ("leader", "official")}
_PLACE, _ABROAD = frozenset({"place", "site"}), frozenset({"place", "abroad", "site"})
_ORGANISATION, _BODY, _COMPANY = frozenset({"org"}), frozenset({"org", "state"}), frozenset({"org", "company"})
_NOTHING: frozenset[str] = frozenset()
_COURTESY = frozenset({"mr", "mr.", "mrs", "mrs.", "ms", "ms.", "dr", "dr."})
_PUBLIC = frozenset({"state", "military", "group", "org"})
_HEADED = frozenset({"state", "government"})
_PLAIN_HEADS = frozenset({"secretary", "new", "outgoing", "incoming", "then", "current", "longtime"})
_EXECUTIVES = frozenset({"commission", "executive", "secretariat", "council"})
_DEPTH = 4
_OPEN = frozenset({"any", "plural"})  # "she and Prime Minister X"
_HUMAN = frozenset({"leader", "official", "military", "people", "group"})


@dataclass(slots=True)
class Classes(Scene):
    """Classes of phrases, and whose they are by their own words."""

    _classes: dict[tuple[int, int], frozenset[str]] = field(default_factory=dict)

    def classes(self, token: Token) -> frozenset[str]:
        """The classes of the ontology that the phrase with head `token` belongs to."""
        key = (id(token.doc), token.i)
        if key not in self._classes:
            self._classes[key] = frozenset({"any"})  # a pronoun that leads back to itself is nothing more
            found = self._find_classes(token)
            self._classes[key] = frozenset(found if found.isdisjoint(_PUBLIC) else found - {"private"})
        return self._classes[key]

    def referents(self, pronoun: Token) -> list[Token]:
        """What a pronoun means inside its sentence, where it is safe."""
        raise NotImplementedError

    def previous_person(self, pronoun: Token) -> Mention | None:
        """Whom "he" or "she" means in an earlier sentence, where it is safe."""
        raise NotImplementedError

    def said_before(self, token: Token) -> list[Participant]:
        """ "The ministry" after "Iran's foreign ministry": the country that the same noun was said of before."""
        raise NotImplementedError

    def role_before(self, pronoun: Token) -> str:
        """The role of the statesman whom "he" or "she" means, where the sentence before names only his office."""
        raise NotImplementedError

    def _find_classes(self, token: Token) -> set[str]:
        found = {"any"}
        if token.tag_ in {"NNS", "NNPS"} or any(c.dep_ == "conj" for c in token.children):
            found.add("plural")
        if token.pos_ == "NUM":
            found.add("number")
        token = antecedent(token)
        if token.pos_ == "PROPN":
            found.add("name")
        mention = self.mention_at(token)
        if mention is not None:
            found |= self._mention_classes(mention)
            if mention.kind == "person" and self._led_then(token, mention):
                found |= {"leader", "state"}
        if token.pos_ == "PRON":
            return self._pronoun_classes(token, found)
        found |= self._noun_classes(token)
        for child in children(token, "appos", "compound"):
            if child.dep_ == "appos" or mention is not None:
                found |= self._noun_classes(child)
                inner = self.mention_at(child)
                if inner is not None and child.dep_ == "appos":
                    found |= self._mention_classes(inner)
        return found

    def _pronoun_classes(self, pronoun: Token, found: set[str]) -> set[str]:
        for noun in self.referents(pronoun):
            found |= self.classes(noun)
        if not found <= _OPEN:
            return found
        previous = self.previous_person(pronoun)
        if previous is not None:
            return found | self._mention_classes(previous)
        return found | _STATESMEN.get(self.role_before(pronoun), _NOTHING)

    def _mention_classes(self, mention: Mention) -> frozenset[str]:
        return classes_of_name(mention, self.people)

    def _governs_as_prince(self, prince: Token) -> bool:
        """Is it the prince of a state that its crown prince governs?"""
        governed = lexicon().words("names", "crown_princes")
        return any((mention.country or "").lower() in governed for mention in self.owning(prince)) or any(
            party.id.lower() in governed for party in self.said_before(prince)
        )

    def _led_then(self, token: Token, mention: Mention) -> bool:
        """Did the person lead a country in a year that the sentence names: "Reagan met Gorbachev in 1986"?"""
        terms = led_in(mention.name)
        if not terms or (mention.id in self.people and self.people[mention.id].role == "leader"):
            return False
        years = [int(t.text) for t in token.doc if len(t.text) == 4 and t.text.isdigit()]
        ago = {"years", "decades", "decade"} & {t.lower_ for t in token.doc} and any(
            t.lower_ == "ago" for t in token.doc
        )
        return bool(ago) or any(since <= year <= until for year in years for since, until, _ in terms)

    def _is_of_states(self, token: Token) -> bool:
        mention = self.mention_at(token)
        return mention is not None and mention.sort == "igo"

    def _noun_classes(self, token: Token) -> set[str]:
        lemma = lemma_of(token)
        if token.pos_ not in {"NOUN", "PROPN", "ADJ"} and token.tag_ not in {"NN", "NNS"}:
            return set()
        if token.i > 0 and token.nbor(-1).lower_ in _COURTESY:
            return set()  # Mr. King is no king
        role = self._role(token, lemma)
        found: set[str] = set()
        if role == "leader" and (token.pos_ in {"NOUN", "PROPN"} or token.text[:1].isupper() or self.owning(token)):
            found |= {"leader", "state", "person"}
        elif role == "official":
            found |= {"official", "state", "person"}
        if lemma in _ROLES["body"] and (
            lemma in {"government", "ministry", "parliament", "junta"} or self.owning(token)
        ):
            found |= {"state", "org"}
        if lemma in _ROLES["military"]:
            found |= {"military", "state"} if self.owning(token) else {"military"}
        found |= {name for name in ("group", "people", "company") if lemma in _ROLES[name]}
        if found & _HUMAN or lemma in nouns()["human"]:
            found.add("human")
        if lemma in nouns()["site"] or lemma in _ROLES["site"]:
            found.add("site")
        return found

    def _role(self, token: Token, lemma: str) -> Role:
        role: Role = ""
        if may_be_role(lemma):
            # The union of "European Union leaders" is no trade union.
            words = [t.lower_ for t in token.doc[max(0, token.i - 4) : token.i] if not self._is_of_states(t)] + [lemma]
            role = role_of(words, len(words) - 1)
        if role == "leader" and self._leads_no_state(token):
            role = "other"
        if lemma == "prince" and self._governs_as_prince(token):
            role = "leader"  # who governs there
        return "leader" if self._heads_states(token) else role

    def _heads_states(self, chief: Token) -> bool:
        """ "Heads of state", "NATO's chief", "the chairperson of the African Union Commission"; of no mere office."""
        if lemma_of(chief) == "head" and any(noun.lower_ in _HEADED for noun in behind(chief, "of")):
            return True
        if lemma_of(chief) not in _ROLES["heads_body"]:
            return False
        beside = [c for c in children(chief, "compound", "amod", "nmod", "poss") if c.lower_ not in _PLAIN_HEADS]
        for owner in (*beside, *behind(chief, "of")):
            named = owner
            if self.mention_at(owner) is None and lemma_of(owner) in _EXECUTIVES:
                named = next((c for c in children(owner, "compound", "poss", "nmod") if self._is_of_states(c)), owner)
            if not self._is_of_states(named):
                return False
        return bool(beside) or bool(behind(chief, "of"))

    def _leads_no_state(self, leader: Token) -> bool:
        """ "The leaders of the three parties", "the president of the chamber", "UEFA's president"."""
        for noun in behind(leader, "of"):
            mention = self.mention_at(noun)
            if lemma_of(noun) in lexicon().words("roles", "led"):
                continue
            joined = lemma_of(noun) in lexicon().words("roles", "leader") or lemma_of(noun) == "prince"
            if mention is None and noun.text.islower() and not joined:  # "the emir of Kuwait and the crown prince"
                return True
            if mention is not None and _is_private_body(mention):
                return True
        owners = (self.mention_at(t) for t in children(leader, "poss", "compound"))
        return any(mention is not None and _is_private_body(mention) for mention in owners)

    # --- whose a phrase is -----------------------------------------------------------------------------------

    def owning(self, token: Token, depth: int = 0) -> list[Mention]:
        """The countries and bodies of states that a noun belongs to by its own words.

        "Russian and Ukrainian negotiators", "Russia's army", "leaders of Japan and China", "a spokesman for the Chinese
        foreign ministry", "the US-led coalition"; for Russia itself, Russia.
        """
        own = self.mention_at(token)
        if own is not None and own.country and own.kind != "person":
            return [m for m in self.joined(own) if self.speaks(m)]
        found: dict[str, Mention] = {}
        for word in self._owners_in_words(token):
            for mention in self._owning_names(word, depth):
                found.setdefault(mention.id, mention)
        return list(found.values())

    def _owning_names(self, word: Token, depth: int) -> Iterator[Mention]:
        """The names in a word that modifies a noun, or in what modifies that word."""
        mention = self.mention_at(word)
        if mention is not None and mention.kind != "person":
            if mention.country or mention.sort == "igo":
                yield from (m for m in self.joined(mention) if self.speaks(m))
            return
        if mention is None and depth < _DEPTH and word.dep_ != "appos":
            yield from self.owning(word, depth + 1)

    def _owners_in_words(self, token: Token) -> Iterator[Token]:
        abroad = lemma_of(token) in _ROLES["post"] and any(
            self.mention_at(child) is not None for child in children(token, *_LINKS)
        )
        for child in token.children:
            if abroad and child.dep_ == "prep":
                continue  # "the Chadian embassy in Mali" is Chad's
            if child.dep_ in _LINKS:
                yield from spread(child)
            elif child.dep_ == "prep" and self._is_of(token, child):
                within = child.lower_ in {"in", "at"}
                for noun in (t for first in children(child, "pobj") for t in spread(first)):
                    mention = self.mention_at(noun)
                    # A court in a capital is its country's; one in another town may be, if one knows the town.
                    if not within or mention is None or mention.kind == "country" or mention.sort == "capital":
                        yield noun

    def _is_done_by(self, noun: Token) -> bool:
        """Is the noun a deed whose doer stands before it?"""
        return lemma_of(noun) in lexicon().words("roles", "deed") and bool(children(noun, "poss"))

    def _is_of(self, noun: Token, preposition: Token) -> bool:
        """Does the phrase behind the preposition say whose the noun is? Of, from; for a speaker; in a place."""
        word = preposition.lower_
        roles = lexicon()
        if word == "of" and bool(behind(noun, "by")):
            return False  # "the shelling of X by Y"
        if word == "of" and lemma_of(noun) in roles.words("roles", "deed") and bool(children(noun, "poss")):
            return False  # "Chad's invasion of Niger" is Chad's
        if word in {"of", "from"}:
            return word == "from" or lemma_of(noun) not in roles.words("roles", "foe_of")
        if word == "for":
            return lemma_of(noun) in roles.words("roles", "speaker")
        return word in {"in", "at"} and lemma_of(noun) in roles.words("roles", "local")


def _is_private_body(mention: Mention) -> bool:
    if mention.kind != "organisation" or mention.sort == "igo" or mention.country is not None:
        return False
    return mention.text.split()[-1].lower() not in lexicon().words("roles", "led")


def classes_of_name(mention: Mention, people: Mapping[str, Person]) -> frozenset[str]:
    """The classes of a name by itself; `people` are the article's persons."""
    if mention.kind == "person":
        role = people[mention.id].role if mention.id in people else ""
        return _STATESMEN.get(role) or (_PERSON if is_name_of_office(mention.name) else _PRIVATE)
    if mention.kind == "place":
        return _ABROAD if mention.sort == "capital" or mention.country else _PLACE
    if mention.kind == "organisation" and mention.sort != "igo":
        return _BODY if mention.country else _COMPANY if is_company(mention.text) else _ORGANISATION
    return _CLASSES_OF.get("igo" if mention.sort == "igo" else mention.kind, _NOTHING)
