"""The cast of an article: whom a word of a parsed sentence stands for, as ids of participants.

Its parts: `scene` (names by place), `classes` (what a phrase is), `references` (pronouns, definite nouns), `echoes`
(deeds told of before).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from topics.annotations import Participant
from workers.annotate.echoes import Echoes
from workers.annotate.entities import Mention
from workers.annotate.gazetteer import slug
from workers.annotate.lexicon import lexicon
from workers.annotate.objects import objects_of
from workers.annotate.references import OBJECTIVE
from workers.annotate.scene import Position
from workers.annotate.syntax import agents_of, antecedent, behind, children, lemma_of
from workers.annotate.words import Token

__all__ = ["Cast", "Position"]

_BESIDE = frozenset({"near", "outside", "to", "around"})
_POPES = frozenset({"pope", "pontiff", "pontifex"})
_RELATED = frozenset({"neighbor", "neighbour", "ally", "rival", "foe", "enemy", "adversary"})
"""Who is somebody's is another than he: "its neighbours condemned"."""
_HIDING = frozenset({"compound", "nmod", "amod", "conj", "appos"})
_ACTING = frozenset({"state", "military", "group", "leader", "official"})
_ACTING_WORDS = frozenset().union(
    *(lexicon().words("roles", name) for name in ("body", "parties", "local", "speaker", "doer", "projectile"))
)


@dataclass(slots=True)
class Cast(Echoes):
    """Answers for the roles of events: `resolve` for who acts, `owners` for whose the thing is that is acted on."""

    capitals: Mapping[str, str] = field(default_factory=dict)
    _resolved_at: dict[tuple[int, int], list[Participant]] = field(default_factory=dict)

    def resolve(self, token: Token) -> list[Participant]:
        """Whom the phrase with head `token` names. A head or body of state stands for its country."""
        token = antecedent(token)
        key = (id(token.doc), token.i)
        if key not in self._resolved_at:
            self._resolved_at[key] = []  # "its army", said of the army itself, leads nowhere
            self._resolved_at[key] = self._resolve(token)
        return self._resolved_at[key]

    def _resolve(self, token: Token) -> list[Participant]:
        if self.is_pronoun(token) and (token.pos_ == "PRON" or token.tag_ == "PRP$"):
            return self.refer(token)
        mention = self.mention_at(token)
        if twins := self.twins(token):
            return twins
        if mention is None or not self._is_named(token, mention):
            return self._common_noun(token)
        if mention.kind == "person":
            return [self._person(token, mention)]
        return [self.participant(m) for m in self.joined(mention) if self.speaks(m)]

    def _is_named(self, token: Token, mention: Mention) -> bool:
        """Is the word itself the name of somebody? Adjectives of peoples and creeds ("Muslim") name no actor."""
        if mention.kind == "group":
            return mention.sort == "group" or token.pos_ == "PROPN" or token.tag_ in {"NNS", "NNPS"}
        return mention.kind in {"country", "organisation", "place", "person"}

    def _person(self, token: Token, mention: Mention) -> Participant:
        found = self.participant(mention)
        if found.id.startswith("person:") and self.classes(token) & {"leader", "official"}:
            country = next(iter(self.owning_around(token)), None)
            if country is not None:
                return found.model_copy(update={"id": country.country or country.id})
        return found

    def owning_around(self, token: Token) -> list[Mention]:
        """The countries that the words around a person's name give."""
        found = self.owning(token)
        return found or [m for child in children(token, "appos") for m in self.owning(child) if m.kind != "person"]

    def _common_noun(self, token: Token) -> list[Participant]:
        for child in children(token, "appos"):
            inner = self.mention_at(child)
            if inner is not None and inner.kind == "person":
                return [self._person(child, inner)]
            if inner is not None and inner.sort in {"group", "igo"}:
                return [self.participant(inner)]
        if lemma_of(token) in _POPES and not children(token, "amod", "compound"):
            return [self.spoken_for(token, "VA")]
        if not self._acts(token):
            return []
        related = token.dep_ == "nsubj" and lemma_of(token) in _RELATED and any(True for _ in children(token, "poss"))
        countries = self._called(token) if related else self.owning(token)
        if countries or related:
            return [self.participant(country) for country in countries]
        return self._named_owner(token) or self.definite(token)

    def _called(self, token: Token) -> list[Mention]:
        """ "Its ally, China", "its Chinese ally": the country that is somebody's ally."""
        others = (self.mention_at(child) for child in children(token, "appos", "amod"))
        return [other for other in others if other is not None and other.kind == "country"]

    def _acts(self, token: Token) -> bool:
        """Is the noun one that acts for whom it belongs to: a ministry, troops, a spokesman?"""
        roles, lemma = lexicon(), lemma_of(token)
        beside = [child.lower_ for child in children(token, "compound", "amod") if self.mention_at(child) is None]
        if "opposition" in beside and lemma != "opposition":
            return False
        if lemma in roles.words("roles", "gathering") and not roles.words("roles", "of_work").isdisjoint(beside):
            return False  # "Nigeria's labour congress"
        return lemma in _ACTING_WORDS or not self.classes(token).isdisjoint(_ACTING)

    def _named_owner(self, token: Token) -> list[Participant]:
        """ "NATO forces", "the head of Hamas", "its army", "the ministry's spokesman"."""
        words = [*children(token, "compound", "amod", "nmod", "poss"), *behind(token, "of")]
        led = lexicon().words("names", "owned")  # "Hamas-led militants"
        words += [
            name for word in words if word.lower_ in led for name in children(word, "npadvmod", "compound", "nmod")
        ]
        for word in words:
            mention = self.mention_at(word)
            if mention is not None and mention.sort in {"group", "igo"} and self.speaks(mention):
                return [self.participant(mention)]
        found = [p for owner in children(token, "poss") for p in self.resolve(owner) if not p.id.startswith("person:")]
        found = found or [
            p for of in ("of", "from") for word in behind(token, of) for p in self.twins(word) or self.parties(word)
        ]
        found = found or [p for word in behind(token, "of") for p in self._of_group(word)]
        return found or self._serving(token) or self._fired_by(token) or self._freight(token)

    def _fired_by(self, token: Token) -> list[Participant]:
        """ "Drones launched by X", "drones that Y said had been launched by X"."""
        if "military" not in self.classes(token) and lemma_of(token) not in lexicon().words("roles", "projectile"):
            return []
        clauses = [c for verb in children(token, "acl", "relcl") for c in (verb, *children(verb, "ccomp"))]
        found = [p for verb in clauses for noun in agents_of(verb) for p in self.resolve(noun)]
        ground = (noun for verb in clauses for noun in behind(verb, "from"))
        return found or [self.participant(m) for noun in ground for m in self.owning(noun)]

    def _of_group(self, token: Token) -> list[Participant]:
        """ "Members of the local branch of Hamas", "of Hamas's armed wing"."""
        if lemma_of(token) not in lexicon().words("roles", "group"):
            return []
        return [p for p in self._named_owner(token) if p.id.startswith("group:")]

    def _freight(self, token: Token) -> list[Participant]:
        """Whose the load is, where nobody says whose ship or rocket it is: "a plane with Norwegian blankets"."""
        if lemma_of(token) not in lexicon().words("roles", "carrier"):
            return []
        loads = [t for verb in children(token, "acl") if verb.tag_ == "VBG" for t in objects_of(verb)]
        loads += behind(token, "with")
        loads += [t for load in loads for t in behind(load, "of")]
        return list({m.country: self.participant(m) for load in loads for m in self.owning(load) if m.country}.values())

    def _serving(self, token: Token) -> list[Participant]:
        """ "Hackers believed to be working for Chinese intelligence", "a group linked to Hamas"."""
        roles = lexicon()
        told = roles.words("roles", "serving") | roles.words("roles", "identifying")
        said = [token.head] if token.dep_ == "nsubj" and token.head.lemma_ in told else []
        for clause in (*children(token, "acl", "relcl", "amod"), *said):
            for verb in (clause, *children(clause, "xcomp")):
                serves = verb.lemma_.lower() in roles.words("roles", "serving")
                links = ("for", "to", "with") if serves else ("as",)
                if serves or verb.lemma_.lower() in roles.words("roles", "identifying"):
                    found = [p for word in links for noun in behind(verb, word) for p in self.resolve(noun)]
                    if found:
                        return found
        return []

    def persons(self, tokens: Iterable[Token]) -> list[Participant]:
        """The persons that phrases name, as themselves and not as their countries."""
        found: list[Participant] = []
        for token in tokens:
            word = antecedent(token)
            words = [word, *children(word, "appos")] if not self.is_pronoun(word) else self.referents(word)
            before = self.previous_person(word) if self.is_pronoun(word) and not words else None
            named = [m for w in words if (m := self.mention_at(w)) is not None and m.kind == "person"]
            for mention in [*named[:1], *([before] if before is not None else [])]:
                made = self.participant(mention)
                found.append(made.model_copy(update={"id": mention.id}))
        return found

    def nationals(self, tokens: Iterable[Token]) -> list[Participant]:
        """The countries of people who are named by them only: "a Chinese national", "three Kenyan activists"."""
        return [
            self.participant(mention)
            for token in tokens
            if not self.classes(token) & {"leader", "official"}
            for child in (
                *([token] if token.tag_ in {"NNS", "NNPS"} else []),  # "five Serbs"
                *children(antecedent(token), "amod", "compound", "nmod"),
                *self._citizens_of(token),
            )
            if (mention := self.mention_at(child)) is not None
            and (mention.kind == "country" or mention.sort == "group")
            and self.speaks(mention)
        ]

    def _citizens_of(self, token: Token) -> list[Token]:
        """ "Five citizens of Iran", "members of the ETA"."""
        return behind(token, "of") if lemma_of(token) in lexicon().words("roles", "citizen") else []

    # --- things ----------------------------------------------------------------------------------------------

    def touched(self, token: Token, exclude: Iterable[str] = ()) -> list[Participant]:
        """Whom it touches if the phrase is acted on: whom it names, else whose the thing is."""
        own = set(exclude)
        found = [p for p in self.resolve(token) or self.parties(token) if not p.id.startswith("place:")]
        if found and own.issuperset(p.id for p in found) and token.lower_ in OBJECTIVE:
            return self._only_other(token, own)  # "Mali closed its border with it": with the other one
        return found if any(p.id not in own for p in found) else self.owners(token, own)

    def owners(self, token: Token, exclude: Iterable[str] = ()) -> list[Participant]:
        """Whose a thing is: Russia for "Russia's fight", "a bank in Russia", "calls by Russia", "a Russian convoy"."""
        own = set(exclude)
        found = [p for p in map(self.participant, self.owning(token)) if p.id not in own]
        if found:
            return found
        for group in self._holders(token):
            found = [
                p for word in group for p in self.resolve(word) if not p.id.startswith("place:") and p.id not in own
            ]
            if found:
                return found
        # Who is not said to have done it may be anybody of that place.
        return self._located(token, own) if own else []

    def _holders(self, token: Token) -> Iterable[list[Token]]:
        for owner in children(token, "poss"):
            yield from self.referent_chains(owner) if self.is_pronoun(owner) else [[owner]]
            if self.is_pronoun(owner):
                yield [owner]
        yield [*behind(token, "by"), *behind(token, "from"), *behind(token, "of")]
        near = (
            *children(token, "appos"),
            *behind(token, "of"),
        )  # "the strike, the second by X", "the shelling of Y by X"
        yield [t for thing in near for t in behind(thing, "by")]
        for clause in children(token, "acl"):
            if clause.tag_ == "VBN" and clause.lemma_.lower() in lexicon().words("roles", "made"):
                yield agents_of(clause)  # "a truce proposed by Egypt"
            if clause.tag_ == "VBG":
                yield objects_of(clause)  # "a convoy carrying Indian troops"

    def _located(self, token: Token, exclude: set[str]) -> list[Participant]:
        """Whose the ground is on which a thing stands: "a depot outside the southern Russian town of X"."""
        lemma = token.lemma_.lower()
        if lemma in lexicon().words("roles", "border") or lemma in lexicon().words("roles", "deed"):
            return []
        for preposition in ("in", "near", "outside", "inside", "at", "on", "to", "with", "for", "around"):
            for noun in behind(token, preposition):
                if preposition in _BESIDE and lemma_of(noun) in {"embassy", "consulate"}:
                    continue  # "shot two men outside the Israeli consulate"
                found = [self.participant(m) for m in self.owning(noun)]
                found = [p for p in found if not p.id.startswith("place:") and p.id not in exclude]
                if found:
                    return found
        return []

    def capital(self, country: str) -> str | None:
        """The entity id of a country's capital as a town."""
        name = self.capitals.get(country)
        return f"place:{slug(name)}" if name else None

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
