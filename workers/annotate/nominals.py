"""The way from a noun that carries an event up to its verb: what modifies it, governs it, and holds it in a phrase."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from topics.annotations import Status
from workers.annotate.clauses import ClauseWalk, is_status_word, negation_of
from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import children, has_child, is_infinitive, is_verbal

_NOMINAL = frozenset({"NOUN", "PROPN"})
_PLACE_IN_EVENT = frozenset({"at", "during", "in", "on", "through", "with"})
_TOWARDS_EVENT = frozenset({"for", "to", "towards", "toward", "into", "of"})
_ADJECTIVES: tuple[tuple[Status, str], ...] = (
    ("future", "future_adjectives"),
    ("hypothetical", "hypothetical_adjectives"),
    ("historical", "historical_adjectives"),
)
_NOUNS: tuple[tuple[Status, str], ...] = (
    ("negated", "negating_nouns"),
    ("future", "future_nouns"),
    ("hypothetical", "hypothetical_nouns"),
    ("historical", "historical_nouns"),
)


class Walk(ClauseWalk):
    """The whole walk, for verbs and nouns."""

    def noun(self, noun: Token, tokens: Sequence[Token], *, carried: bool) -> None:
        """A noun that carries the event; `carried`: the verb over it performs it ("declared a truce")."""
        self.path.extend(tokens)
        self._modifiers(noun, tokens)
        if not carried:
            self.above_noun(noun)
            return
        if any(True for _ in children(noun, "acl", "relcl")):
            return  # "a ceasefire that was agreed on Sunday": its own clause has been read
        verb = noun.head
        while not is_verbal(verb) and verb.head != verb:
            verb = verb.head
        if is_verbal(verb):
            self.verb(verb)
        else:
            self.above_noun(noun)

    def _modifiers(self, noun: Token, tokens: Sequence[Token]) -> None:
        for child in (c for token in dict.fromkeys((*tokens, noun)) for c in token.children):
            lower = child.lower_
            if child.dep_ in {"det", "neg"}:
                if lower in {"no", "neither", "not"}:
                    self.verdict.raise_to("negated", child)
                elif lower == "any":
                    self.verdict.raise_to("hypothetical", child)
            elif child.dep_ in {"amod", "compound", "nmod", "advmod"} and child not in tokens:
                self._adjective(child)
            elif child.dep_ in {"acl", "relcl"} and not is_infinitive(child):
                self._clause_of(child)

    def _adjective(self, word: Token) -> None:
        for status, name in _ADJECTIVES:
            if word.lower_ in lexicon().words("status", name):
                self.verdict.raise_to(status, word)
        if word.lower_ in lexicon().words("reporting", "adjectives"):
            self.verdict.attributed = True

    def _clause_of(self, verb: Token) -> None:
        """ "talks scheduled for Friday", "the summit, which was cancelled", "the launch planned this week"."""
        if is_status_word(verb, "scheduling") and verb.tag_ == "VBN":
            self.verdict.raise_to("hypothetical" if verb.lemma_.lower() == "propose" else "future", verb)
        elif is_status_word(verb, "cancelling"):
            self.verdict.raise_to("negated", verb)
        elif any(c.tag_ == "MD" and c.lower_ == "will" for c in verb.children):
            self.verdict.raise_to("future", verb)
        self.path.append(verb)

    def above_noun(self, noun: Token) -> None:
        """What stands above a noun: its verb, its preposition, or the noun it modifies."""
        if not self.step():
            return
        head, dep = noun.head, noun.dep_
        if head == noun:
            self.question(noun)
        elif dep == "pobj":
            self._behind(head)
        elif dep in {"conj", "appos"}:
            self.above_noun(head)
        elif dep in {"compound", "nmod", "amod", "poss"} and head.pos_ in _NOMINAL:
            self.listed_noun(head, default="actual")
        elif not is_verbal(head):
            return
        elif dep in {"dobj", "obj", "nsubjpass", "oprd", "dative"}:
            self._object_of(head)
        elif dep == "nsubj":
            self._subject_of(noun, head)
        elif dep in {"attr", "acomp"}:
            self.verb(head)

    def _object_of(self, verb: Token) -> None:
        if is_status_word(verb, "reaction"):
            self.reports_above(verb)  # what is condemned or welcomed has happened
            return
        if is_status_word(verb, "denying") or _is_phrasal(verb, "negated_phrasal"):
            self.verdict.raise_to("negated", verb)
        elif is_status_word(verb, "negated"):
            if negation_of(verb) is not None:
                return
            self.verdict.raise_to("negated", verb)
            if is_status_word(verb, "stopping"):
                return
        elif is_status_word(verb, "hypothetical"):
            self.verdict.raise_to("hypothetical", verb)
        elif is_status_word(verb, "future_objects"):
            self.verdict.raise_to("future", verb)
        self.verb(verb)

    def _subject_of(self, noun: Token, verb: Token) -> None:
        for child in children(verb, "acomp", "attr", "xcomp"):
            if child.pos_ == "ADJ" or child.lemma_.lower() in {"due", "set", "likely"}:
                self._judged_by(child)
        if not is_status_word(verb, "happening"):
            definite = any(
                c.dep_ in {"det", "poss"} and c.lower_ not in {"a", "an", "any", "no", "some"} for c in noun.children
            )
            modal = any(c.tag_ == "MD" and c.lower_ not in {"will", "shall", "wo"} for c in children(verb, "aux"))
            if (definite and modal) or any(c.dep_ == "neg" for c in verb.children):
                self.reports_above(verb)  # "the strike could widen the war", "the talks did not end": they were
                return
        self.verb(verb)

    def _judged_by(self, word: Token) -> None:
        if is_status_word(word, "future"):
            self.verdict.raise_to("future", word)
        elif is_status_word(word, "hypothetical"):
            self.verdict.raise_to("hypothetical", word)

    # --- in a prepositional phrase ---------------------------------------------------------------------------

    def _behind(self, preposition: Token) -> None:
        above, lower = preposition.head, preposition.lower_
        before = lexicon().words("status", "before_prepositions")
        if lower in before or above.lower_ == "ahead":
            self.verdict.raise_to("future", preposition)
        elif lower == "without":
            self.verdict.raise_to("negated", preposition)
        elif lower in lexicon().words("status", "remote_prepositions"):
            self.verdict.raise_to("historical", preposition)
        elif above.pos_ in _NOMINAL:
            self.listed_noun(above, default="actual")
        elif is_verbal(above):
            self._under_verb(preposition, above)
        elif above.pos_ == "ADJ":
            self._judged_by(above)

    def _under_verb(self, preposition: Token, verb: Token) -> None:
        lower = preposition.lower_
        if is_status_word(verb, "reaction"):
            self.reports_above(verb)
            return
        if lower in _TOWARDS_EVENT:
            ahead = lower in {"for", "to", "of"}
            if is_status_word(verb, "hypothetical"):
                self.verdict.raise_to("hypothetical", verb)
            elif (is_status_word(verb, "future") and ahead) or (is_status_word(verb, "motion") and lower == "for"):
                self.verdict.raise_to("future", verb)
            self._under_modal(verb)
        elif lower in _PLACE_IN_EVENT:
            # "vowed to help in a letter": the letter is where it was vowed, whatever the parser hangs it on.
            letter = lower == "in" and any(has_child(noun, "a", "an") for noun in children(preposition, "pobj"))
            self._under_modal(verb, finite_only=letter)
        self.reports_above(verb)
        self.path.append(verb)

    def _under_modal(self, verb: Token, *, finite_only: bool = False) -> None:
        """An event inside a coming act is coming too; inside a denied act it stands."""
        for child in children(verb, "aux"):
            if child.tag_ == "MD":
                self.verdict.raise_to("future" if child.lower_ in {"will", "shall", "'ll"} else "hypothetical", child)
        if not finite_only and verb.dep_ == "xcomp" and is_infinitive(verb):
            self.complement(verb, verb.head)

    def listed_noun(self, noun: Token, *, default: Status) -> None:
        """A noun above the event: "plans for", "threat of", "no sign of", "anniversary of"."""
        lemma = noun.lemma_.lower()
        if negation_of(noun) is not None:
            self.verdict.raise_to("negated", noun)
        for status, name in _NOUNS:
            if lemma in lexicon().words("status", name):
                self.verdict.raise_to(status, noun)
                return
        if lemma in lexicon().words("reporting", "nouns"):
            self.verdict.attributed = True
            if noun.dep_ == "dobj" and is_status_word(noun.head, "denying"):
                self.verdict.raise_to("negated", noun.head)
        elif default != "actual":
            self.verdict.raise_to(default, noun)
        elif lemma in lexicon().words("roles", "transparent") | lexicon().words("roles", "quantity"):
            self.above_noun(noun)


def _is_phrasal(verb: Token, name: str) -> bool:
    """Is the verb, with one of its particles, in a list of phrasal verbs ("call off")?"""
    phrases = lexicon().words("status", name)
    lemma = verb.lemma_.lower()
    return any(f"{lemma} {child.lower_}" in phrases for child in children(verb, "prt", "advmod", "prep"))
