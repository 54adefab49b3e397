"""Did it happen? The status of a trigger, from tense, modality, negation, the clauses and nouns above it, and dates.

The definitions are those of the ontology: actual, historical, future, hypothetical, negated; `attributed` marks what
only a source says. The walk goes from the trigger up to the root of its sentence; the words come from `lexicon.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from spacy.tokens import Token

from topics.annotations import Status
from workers.annotate.dates import When
from workers.annotate.frames import Frame, children, is_passive, is_verbal
from workers.annotate.lexicon import lexicon

_STRENGTH: dict[Status, int] = {"actual": 0, "historical": 1, "future": 2, "hypothetical": 3, "negated": 4}
_DEPTH = 14
_NO_INHERITANCE = frozenset(
    "after following amid amidst despite over because since given from by against upon about with in on at during through under".split()
)
_PLACE_IN_EVENT = frozenset({"at", "during", "in", "on", "through", "with"})
_BEFORE_WORDS = frozenset({"ahead", "before", "until", "till", "pending"})
_HAPPENS = frozenset(
    "take happen be occur begin start resume go continue open proceed follow come hold materialise materialize".split()
)


@dataclass(slots=True)
class Verdict:
    """What was found on the way up: `because` names the words that decided, for `--explain`."""

    status: Status = "actual"
    attributed: bool = False
    when: When | None = None
    because: list[str] = field(default_factory=list)

    def raise_to(self, status: Status, token: Token | None = None) -> None:
        """Take the stronger of two statuses."""
        if _STRENGTH[status] > _STRENGTH[self.status]:
            self.status = status
            if token is not None:
                self.because.append(f"{status}: {token.text}")


def judge(
    frame: Frame,
    times: Sequence[tuple[Token, When]],
    published: date,
    *,
    failed_counts: bool,
    lasting: bool,
    carried: bool,
) -> Verdict:
    """The verdict on one trigger. `times` are the dates of its sentence, `carried` says that the noun's verb performs it."""
    walk = _Walk(failed_counts, lasting)
    if frame.kind == "verb" or is_verbal(frame.head):
        walk.verb(frame.head, own=True)
    else:
        walk.noun(frame.head, frame.tokens, carried=carried)
    _apply_times(walk, times, published)
    if any(token.lower_ in lexicon().words("reporting", "adverbs") for token in frame.head.sent):
        walk.verdict.attributed = True
    if _according_to(frame.head):
        walk.verdict.attributed = True
    return walk.verdict


def _according_to(head: Token) -> bool:
    return any(t.lower_ == "according" and t.i + 1 < len(t.doc) and t.nbor(1).lower_ == "to" for t in head.sent)


def _is_phrasal(verb: Token, name: str) -> bool:
    """Is the verb, with one of its particles, in a list of phrasal verbs ("call off")?"""
    lemma = verb.lemma_.lower()
    phrases = lexicon().words("status", name)
    return any(f"{lemma} {child.lower_}" in phrases for child in children(verb, "prt", "advmod", "prep"))


class _Walk:
    """The way from a trigger to the root; `path` keeps the tokens whose dates are the event's."""

    def __init__(self, failed_counts: bool, lasting: bool) -> None:
        self.verdict = Verdict()
        self.failed_counts = failed_counts
        self.lasting = lasting
        self.path: list[Token] = []
        self.reports: list[Token] = []
        self._steps = 0
        self.background = False

    def _is(self, token: Token, name: str) -> bool:
        return token.lemma_.lower() in lexicon().words("status", name)

    # --- verbs -----------------------------------------------------------------------------------------------

    def verb(self, verb: Token, *, own: bool = False) -> None:
        """A verb that carries the event, and what stands above it."""
        self._steps += 1
        if self._steps > _DEPTH:
            return
        self.path.append(verb)
        self._modality(verb)
        if own:
            self._habit(verb)
        head, dep = verb.head, verb.dep_
        if head == verb:
            if verb.sent[-1].text == "?" or any(t.text == "?" for t in verb.sent[-2:]):
                self.verdict.raise_to("hypothetical", verb.sent[-1])
        elif dep in {"xcomp", "ccomp", "csubj", "csubjpass", "acomp", "parataxis", "oprd", "attr"}:
            self._complement(verb, head)
        elif dep in {"advcl", "dep"}:
            self._adverbial(verb, head)
        elif dep == "conj":
            self._conjunct(verb, head)
        elif dep in {"acl", "relcl"}:
            self._of_noun(verb, head)
        elif dep == "pcomp":
            self._after_preposition(verb, head)

    def _modality(self, verb: Token) -> None:
        for child in verb.children:
            lower = child.lower_
            if child.dep_ == "neg" or (child.dep_ == "advmod" and lower in {"never", "nowhere", "hardly", "scarcely"}):
                if lower != "only":
                    self.verdict.raise_to("negated", child)
            elif child.dep_ == "advmod" and lower == "longer" and any(c.lower_ == "no" for c in child.children):
                self.verdict.raise_to("negated", child)
            elif child.dep_ == "aux" and child.tag_ == "MD":
                self._modal(verb, child)
            elif child.dep_ == "aux" and lower == "to" and verb.head == verb:
                self.verdict.raise_to("future", child)  # the headline's "Iran to hold election"
            elif child.dep_ == "mark" and lower in {"if", "unless", "whether", "lest", "until", "before"}:
                self.verdict.raise_to("future" if lower in {"before", "until"} else "hypothetical", child)
            elif child.dep_ in {"nsubj", "nsubjpass"} and any(
                d.dep_ == "det" and d.lower_ in {"no", "neither"} for d in child.children
            ):
                self.verdict.raise_to("negated", child)
            elif child.dep_ in {"nsubj", "nsubjpass"} and lower in {"nobody", "none", "neither"}:
                self.verdict.raise_to("negated", child)
            elif child.dep_ in {"dobj", "obj"} and any(d.dep_ == "det" and d.lower_ == "no" for d in child.children):
                self.verdict.raise_to("negated", child)

    def _modal(self, verb: Token, modal: Token) -> None:
        lower = modal.lower_
        if lower in {"will", "shall", "'ll", "wo", "sha"}:
            perfect = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
            self.verdict.raise_to("hypothetical" if perfect else "future", modal)
        elif lower in {"would", "'d"} and self._is_reported(verb):
            self.verdict.raise_to("future", modal)
        else:
            self.verdict.raise_to("hypothetical", modal)

    def _is_reported(self, verb: Token) -> bool:
        """Does "would" stand for a reported "will" ("said it would launch")?"""
        token = verb
        while token.dep_ == "conj" and is_verbal(token.head):
            token = token.head
        head = token.head
        if token.dep_ not in {"ccomp", "xcomp"} or not is_verbal(head):
            return False
        if any(child.lower_ in {"if", "unless"} for c in children(verb, "advcl") for child in c.children):
            return False
        if any(c.lower_ in {"have", "be"} and c.dep_ == "aux" for c in verb.children):
            return False
        lemma = head.lemma_.lower()
        return lemma in {
            "say",
            "announce",
            "tell",
            "vow",
            "promise",
            "pledge",
            "add",
            "confirm",
            "declare",
            "decide",
            "know",
            "state",
            "report",
            "disclose",
        }

    def _habit(self, verb: Token) -> None:
        for child in children(verb, "advmod"):
            if child.lower_ in lexicon().words("status", "habitual_adverbs") or child.lower_ in lexicon().words(
                "status", "historical_adverbs"
            ):
                self.verdict.raise_to("historical", child)
        if any(c.dep_ == "aux" and c.lower_ == "used" for c in verb.children):
            self.verdict.raise_to("historical", verb)

    # --- what stands above a verb ----------------------------------------------------------------------------

    def _complement(self, verb: Token, head: Token) -> None:
        finite = not any(c.lower_ == "to" and c.dep_ == "aux" for c in verb.children) and verb.tag_ not in {"VBG", "VB"}
        infinitive = any(c.lower_ == "to" and c.dep_ == "aux" for c in verb.children)
        lemma = head.lemma_.lower()
        reporting = lemma in lexicon().words("reporting", "say")
        if verb.dep_.startswith("csubj"):
            self.verb(head)
        elif any(t.text == ";" for t in verb.doc[min(verb.i, head.i) : max(verb.i, head.i)]):
            return  # two sentences with a semicolon between them
        elif self._is(head, "denying"):
            self.verdict.raise_to("negated", head)
            self.verdict.attributed = True
        elif lemma in {"be", "have"} and infinitive:
            self.verdict.raise_to("future" if lemma == "be" else "hypothetical", head)
            self.verb(head)
        elif lemma == "go" and infinitive and head.tag_ == "VBG":
            self.verdict.raise_to("future", head)
            self.verb(head)
        elif lemma == "accuse":
            self.verdict.attributed = True
        elif lemma in {"fail"} and infinitive:
            if not self.failed_counts:
                self.verdict.raise_to("negated", head)
            self.verb(head)
        elif self._is(head, "negated"):
            self.verdict.raise_to("negated", head)
        elif reporting and (finite or self._has_modal(verb) or self._has_subject(verb)):
            self._reported_by(head)
        elif reporting and is_passive(head) and infinitive:
            # "is said to have launched" reports; "was told to launch" orders.
            past = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
            self.verdict.raise_to("actual" if past else "hypothetical", head)
            self.verdict.attributed = True
        elif self._is(head, "future") and not (finite and head.pos_ == "ADJ"):
            self.verdict.raise_to("future", head)
            self._only_negation(head)
        elif self._is(head, "hypothetical"):
            if not (finite and lemma in {"fear", "worry", "help"} and verb.tag_ == "VBD"):
                self.verdict.raise_to("hypothetical", head)
            self._only_negation(head)
        elif self._is(head, "actual") or not infinitive:
            if is_verbal(head) and not finite:
                self.verb(head)
            elif is_verbal(head):
                self._reports_above(head)
        else:
            self.verdict.raise_to("hypothetical", head)

    def _has_modal(self, verb: Token) -> bool:
        return any(c.tag_ == "MD" for c in children(verb, "aux"))

    def _has_subject(self, verb: Token) -> bool:
        return any(True for _ in children(verb, "nsubj", "nsubjpass"))

    def _only_negation(self, head: Token) -> None:
        """ "does not plan to", "may want to": the word above a plan can only weaken it."""
        for child in head.children:
            if child.dep_ == "neg":
                self.verdict.raise_to("negated", child)
            elif child.tag_ == "MD" and child.dep_ == "aux" and child.lower_ in {"may", "might", "could"}:
                self.verdict.raise_to("hypothetical", child)
            elif child.dep_ in {"nsubj", "dobj"} and any(d.lower_ == "no" and d.dep_ == "det" for d in child.children):
                self.verdict.raise_to("negated", child)
        self._reports_above(head)

    def _reported_by(self, head: Token) -> None:
        self.verdict.attributed = True
        self.reports.append(head)
        if head.lemma_.lower() in {"suggest", "believe", "think", "suspect", "estimate", "argue"} and any(
            c.dep_ == "neg" for c in head.children
        ):
            self.verdict.raise_to("negated", head)
        elif any(c.dep_ == "neg" for c in head.children) and head.lemma_.lower() in {"confirm", "report", "believe"}:
            self.verdict.raise_to("hypothetical", head)
        self._reports_above(head)

    def _reports_above(self, head: Token) -> None:
        """Is the clause itself inside a report or a denial?"""
        token = head
        for _ in range(_DEPTH):
            above = token.head
            if above == token:
                return
            if token.dep_ == "conj":
                token = above
                continue
            if token.dep_ in {"ccomp", "xcomp", "parataxis"} and is_verbal(above):
                if self._is(above, "denying"):
                    self.verdict.raise_to("negated", above)
                if above.lemma_.lower() in lexicon().words("reporting", "say"):
                    self.verdict.attributed = True
                    self.reports.append(above)
                token = above
                continue
            return

    def _adverbial(self, verb: Token, head: Token) -> None:
        marks = {c.lower_ for c in verb.children if c.dep_ in {"mark", "advmod"}}
        infinitive = any(c.lower_ == "to" and c.dep_ == "aux" for c in verb.children)
        if infinitive:
            # A purpose is still ahead, also of something that happened: "flew to Moscow to meet Putin".
            self.verdict.raise_to("future" if self._is(head, "motion") else "hypothetical", head)
        elif is_verbal(head) and verb.tag_ in {"VBG", "VBN"} and not marks:
            self.verb(head)
        elif is_verbal(head) and "when" in marks:
            self.path.append(head)  # what happened when it met in 2019 happened in 2019
            self._reports_above(head)
        elif "since" in marks and verb.tag_ in {"VBD", "VBN"}:
            self.verdict.raise_to("historical", verb)
        elif is_verbal(head):
            self._reports_above(head)

    def _conjunct(self, verb: Token, head: Token) -> None:
        if not is_verbal(head):
            return
        own = any(c.dep_ in {"aux", "nsubj", "nsubjpass"} for c in verb.children)
        if own or verb.tag_ in {"VBD", "VBZ", "VBP"}:
            self._shared_scope(head)
        else:
            self.verb(head)

    def _shared_scope(self, head: Token) -> None:
        """A finite conjunct shares with the first what stands above both, but not its negation or modal."""
        while head.dep_ == "conj" and is_verbal(head.head):
            head = head.head
        if head.dep_ in {"ccomp", "xcomp", "parataxis"}:
            self._complement(head, head.head)
        elif head.dep_ == "advcl" and any(c.lower_ in {"if", "unless"} for c in head.children):
            self.verdict.raise_to("hypothetical", head)

    def _of_noun(self, verb: Token, noun: Token) -> None:
        had = any(c.dep_ == "aux" and c.lower_ == "had" for c in verb.children)
        if (verb.dep_ == "relcl" and had) or (self.lasting and verb.tag_ == "VBN"):
            self.background = True
        if noun.dep_ == "pobj" and noun.head.lower_ == "of" and self._is(noun.head.head, "historical_nouns"):
            self.verdict.raise_to("historical", noun.head.head)
        if any(c.lower_ == "when" for c in verb.children):
            self.path.extend((noun, noun.head))
        infinitive = any(c.lower_ == "to" and c.dep_ == "aux" for c in verb.children)
        that = any(c.dep_ == "mark" and c.lower_ == "that" for c in verb.children)
        if infinitive:
            if noun.lemma_.lower() in {"first", "second", "last", "latest", "one"} or any(
                c.lower_ in {"first", "latest", "last"} for c in noun.children
            ):
                self._above_noun(noun)
                return
            if self.failed_counts and noun.lemma_.lower() in {"attempt", "bid", "effort", "try"}:
                self._attempt(noun)
                return
            self._listed_noun(noun, default="hypothetical")
        elif that or verb.dep_ == "acl":
            self._listed_noun(noun, default="actual")

    def _attempt(self, noun: Token) -> None:
        """An attempt that was made is the event, even if it failed: "its attempt to orbit a satellite failed"."""
        verb = noun.head
        if noun.dep_ in {"nsubj", "dobj", "nsubjpass"} and is_verbal(verb):
            self.verb(verb)

    def _after_preposition(self, verb: Token, preposition: Token) -> None:
        above, lower = preposition.head, preposition.lower_
        if lower == "without":
            self.verdict.raise_to("negated", preposition)
        elif lower in _BEFORE_WORDS:
            self.verdict.raise_to("future", preposition)
        elif lower == "against":
            self.verdict.raise_to("hypothetical", preposition)
        elif is_verbal(above):
            if self._is(above, "denying") or (self._is(above, "negated") and lower == "from"):
                self.verdict.raise_to("negated", above)
            elif above.lemma_.lower() in {"accuse", "suspect", "convict"}:
                self.verdict.attributed = True
            elif lower == "by":
                self.verb(above)
            elif self._is(above, "hypothetical"):
                self.verdict.raise_to("hypothetical", above)
        elif above.pos_ in {"NOUN", "PROPN"}:
            self._listed_noun(above, default="actual")

    # --- nouns -----------------------------------------------------------------------------------------------

    def noun(self, noun: Token, tokens: Sequence[Token], *, carried: bool) -> None:
        """A noun that carries the event: what modifies it, and what stands above it."""
        self.path.extend(tokens)
        self._noun_modifiers(noun, tokens)
        if carried and any(True for _ in children(noun, "acl", "relcl")):
            return  # "a ceasefire that was agreed on Sunday": its own clause has been read
        if carried:
            verb = noun.head
            while not is_verbal(verb) and verb.head != verb:
                verb = verb.head
            if is_verbal(verb):
                self.verb(verb)
                return
        self._above_noun(noun)

    def _noun_modifiers(self, noun: Token, tokens: Sequence[Token]) -> None:
        for token in dict.fromkeys((*tokens, noun)):
            for child in token.children:
                lower, lemma = child.lower_, child.lemma_.lower()
                if child.dep_ in {"det", "neg"} and lower in {"no", "neither", "not"}:
                    self.verdict.raise_to("negated", child)
                elif child.dep_ == "det" and lower == "any":
                    self.verdict.raise_to("hypothetical", child)
                elif child.dep_ in {"amod", "compound", "nmod", "advmod"} and child not in tokens:
                    for status, name in (
                        ("future", "future_adjectives"),
                        ("hypothetical", "hypothetical_adjectives"),
                        ("historical", "historical_adjectives"),
                    ):
                        if lower in lexicon().words("status", name):
                            self.verdict.raise_to(status, child)  # type: ignore[arg-type]  # literals above
                    if lower in lexicon().words("reporting", "adjectives"):
                        self.verdict.attributed = True
                elif child.dep_ in {"acl", "relcl"} and child.tag_ in {"VBN", "VBD", "VBG"}:
                    self._noun_clause(child, lemma)

    def _noun_clause(self, verb: Token, lemma: str) -> None:
        """ "talks scheduled for Friday", "the summit, which was cancelled", "the launch planned this week"."""
        if (
            lemma in {"plan", "schedule", "expect", "postpone", "delay", "propose", "slate", "set"}
            and verb.tag_ == "VBN"
        ):
            self.verdict.raise_to("hypothetical" if lemma == "propose" else "future", verb)
        elif lemma in {"cancel", "scrap", "shelve", "abort", "foil", "thwart"}:
            self.verdict.raise_to("negated", verb)
        elif any(c.tag_ == "MD" and c.lower_ == "will" for c in verb.children):
            self.verdict.raise_to("future", verb)
        self.path.append(verb)

    def _above_noun(self, noun: Token) -> None:
        self._steps += 1
        if self._steps > _DEPTH:
            return
        head, dep = noun.head, noun.dep_
        if head == noun:
            if any(t.text == "?" for t in noun.sent[-2:]):
                self.verdict.raise_to("hypothetical", noun.sent[-1])
            return
        if dep in {"dobj", "obj", "nsubjpass", "oprd", "dative"} and is_verbal(head):
            self._object_of(head)
        elif dep == "nsubj" and is_verbal(head):
            self._subject_of(noun, head)
        elif dep in {"attr", "acomp"} and is_verbal(head):
            self.verb(head)
        elif dep == "pobj":
            self._behind(noun, head)
        elif dep in {"conj", "appos"}:
            self._above_noun(head)
        elif dep in {"compound", "nmod", "amod", "poss"} and head.pos_ in {"NOUN", "PROPN"}:
            self._listed_noun(head, default="actual")

    def _object_of(self, verb: Token) -> None:
        lemma = verb.lemma_.lower()
        if self._is(verb, "reaction"):
            self._reports_above(verb)
            return
        if self._is(verb, "denying"):
            self.verdict.raise_to("negated", verb)
        elif _is_phrasal(verb, "negated_phrasal"):
            self.verdict.raise_to("negated", verb)
        elif self._is(verb, "negated"):
            negated = any(c.dep_ == "neg" for c in verb.children)
            self.verdict.raise_to("actual" if negated else "negated", verb)
            if lemma in {"suspend", "halt", "cease", "stop", "disrupt", "freeze"} or negated:
                return
        elif self._is(verb, "hypothetical"):
            self.verdict.raise_to("hypothetical", verb)
        elif self._is(verb, "future_objects"):
            self.verdict.raise_to("future", verb)
        self.verb(verb)

    def _subject_of(self, noun: Token, verb: Token) -> None:
        for child in children(verb, "acomp", "attr", "xcomp"):
            if child.pos_ == "ADJ" or child.lemma_.lower() in {"due", "set", "likely"}:
                if self._is(child, "future"):
                    self.verdict.raise_to("future", child)
                elif self._is(child, "hypothetical"):
                    self.verdict.raise_to("hypothetical", child)
        definite = any(
            c.dep_ in {"det", "poss"} and c.lower_ not in {"a", "an", "any", "no", "some"} for c in noun.children
        )
        modal = any(c.tag_ == "MD" and c.lower_ not in {"will", "shall", "wo"} for c in children(verb, "aux"))
        if verb.lemma_.lower() not in _HAPPENS:
            negated = any(c.dep_ == "neg" for c in verb.children)
            if (definite and modal) or negated:
                self._reports_above(verb)  # "the strike could widen the war", "the talks did not end": they were
                return
        self.verb(verb)

    def _behind(self, noun: Token, preposition: Token) -> None:
        above, lower = preposition.head, preposition.lower_
        outer = above.lower_ if above.dep_ == "prep" else ""
        if lower in _BEFORE_WORDS or outer == "ahead" or (lower == "of" and above.lower_ == "ahead"):
            self.verdict.raise_to("future", preposition)
        elif lower == "without":
            self.verdict.raise_to("negated", preposition)
        elif lower == "since":
            self.verdict.raise_to("historical", preposition)
        elif above.pos_ in {"NOUN", "PROPN"}:
            self._listed_noun(above, default="actual")
        elif is_verbal(above):
            self._under_verb(preposition, above)
        elif above.pos_ == "ADJ" and self._is(above, "future"):
            self.verdict.raise_to("future", above)
        elif above.pos_ == "ADJ" and self._is(above, "hypothetical"):
            self.verdict.raise_to("hypothetical", above)

    def _under_verb(self, preposition: Token, verb: Token) -> None:
        lower = preposition.lower_
        if self._is(verb, "reaction"):
            self._reports_above(verb)
            return
        if lower in {"for", "to", "towards", "toward", "into", "of"}:
            if self._is(verb, "hypothetical"):
                self.verdict.raise_to("hypothetical", verb)
            elif self._is(verb, "future") and lower in {"for", "to", "of"}:
                self.verdict.raise_to("future", verb)
            elif self._is(verb, "motion") and lower == "for":
                self.verdict.raise_to("future", verb)
            self._under_modal(verb)
        elif lower in _PLACE_IN_EVENT:
            # "vowed to help in a letter": the letter is where it was vowed, whatever the parser hangs it on.
            article = any(c.lower_ in {"a", "an"} for p in children(preposition, "pobj") for c in p.children)
            self._under_modal(verb, in_a_letter=lower == "in" and article)
        self._reports_above(verb)
        self.path.append(verb)

    def _under_modal(self, verb: Token, *, in_a_letter: bool = False) -> None:
        """An event inside a coming act is coming too; inside a denied act it stands."""
        for child in children(verb, "aux"):
            if child.tag_ == "MD":
                self.verdict.raise_to("future" if child.lower_ in {"will", "shall", "'ll"} else "hypothetical", child)
        if in_a_letter:
            return
        if verb.dep_ == "xcomp" and any(c.lower_ == "to" for c in children(verb, "aux")):
            self._complement(verb, verb.head)

    def _listed_noun(self, noun: Token, *, default: Status) -> None:
        """ "plans for", "threat of", "no sign of", "anniversary of"."""
        lemma = noun.lemma_.lower()
        if any(c.dep_ in {"det", "neg"} and c.lower_ in {"no", "neither"} for c in noun.children):
            self.verdict.raise_to("negated", noun)
        for status, name in (
            ("negated", "negating_nouns"),
            ("future", "future_nouns"),
            ("hypothetical", "hypothetical_nouns"),
            ("historical", "historical_nouns"),
        ):
            if lemma in lexicon().words("status", name):
                self.verdict.raise_to(status, noun)  # type: ignore[arg-type]  # literals above
                return
        if lemma in lexicon().words("reporting", "nouns"):
            self.verdict.attributed = True
            if (
                lemma in {"accusation", "allegation", "claim", "report"}
                and noun.dep_ == "dobj"
                and self._is(noun.head, "denying")
            ):
                self.verdict.raise_to("negated", noun.head)
            return
        transparent = lexicon().words("roles", "transparent") | lexicon().words("roles", "quantity")
        if default != "actual":
            self.verdict.raise_to(default, noun)
        elif lemma in transparent:
            self._above_noun(noun)


# --- dates ---------------------------------------------------------------------------------------------------------


def _apply_times(walk: _Walk, times: Sequence[tuple[Token, When]], published: date) -> None:
    verdict = walk.verdict
    own = {token.i for token in walk.path}
    reports = {token.i for token in walk.reports}
    for token, when in times:
        anchor = _anchor(token, own)
        if anchor in own:
            if _is_milestone(token, when):
                continue
            where = when.lies(published)
            if verdict.when is None or where == "past":
                verdict.when = when
            if where == "past":
                if verdict.status in {"actual"}:
                    verdict.status = "historical"
                    verdict.because.append(f"historical: {when.words}")
            elif where == "future" and verdict.status == "actual" and not _is_past_tense(walk):
                verdict.raise_to("future", token)
        elif anchor in reports and when.lies(published) == "past" and verdict.status == "actual":
            verdict.status = "historical"
            verdict.because.append(f"historical: {when.words}")
    opening = next((when for token, when in times if when.start <= 12 and when.lies(published) == "past"), None)
    if opening is not None and verdict.status == "actual" and verdict.when is None:
        verdict.status, verdict.when = "historical", opening  # "In 1985 200 were feared dead after two ferries sank"
    if walk.background and verdict.status == "actual" and verdict.when is None:
        verdict.status = "historical"  # "the countries that Sweden had blacklisted"


def _anchor(token: Token, own: set[int]) -> int:
    """The first word above a date that is the event's, or a verb."""
    for _ in range(_DEPTH):
        if token.i in own:
            return token.i
        if is_verbal(token) and token.dep_ not in {"aux", "auxpass"}:
            return token.i
        if token.head == token:
            return -1
        token = token.head
    return -1


def _is_milestone(token: Token, when: When) -> bool:
    """ "the first launch since 2017", "its biggest since May": the date bounds a comparison, not the event."""
    if not when.lasting:
        return False
    words = {t.lower_ for t in token.sent}
    return bool(
        words
        & {
            "first",
            "biggest",
            "largest",
            "worst",
            "highest",
            "deadliest",
            "longest",
            "most",
            "heaviest",
            "strongest",
            "second",
            "third",
        }
    ) and ("since" in words or "in" in words)


def _is_past_tense(walk: _Walk) -> bool:
    verbs = [token for token in walk.path if is_verbal(token)]
    return bool(verbs) and verbs[-1].tag_ in {"VBD", "VBN"}
