"""The way from a verb up to the root of its sentence: tense, modality and negation, and the verbs above it.

The way from a noun is in `nominals`, which completes the class; dates are put to use in `status`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from spacy.tokens import Token

from topics.annotations import Status
from workers.annotate.lexicon import lexicon
from workers.annotate.syntax import children, has_child, is_infinitive, is_passive, is_verbal
from workers.annotate.verdict import Verdict

DEPTH = 14
"""So many steps up a parse is as far as any sentence goes; a broken parse must not send the walk in circles."""

_COMPLEMENTS = frozenset({"xcomp", "ccomp", "csubj", "csubjpass", "acomp", "parataxis", "oprd", "attr"})
_WILL = frozenset({"will", "shall", "'ll", "wo", "sha"})
_FINITE = frozenset({"VBD", "VBZ", "VBP"})


def is_status_word(token: Token, name: str) -> bool:
    """Is the token's lemma in a list of the lexicon's section `status`?"""
    return token.lemma_.lower() in lexicon().words("status", name)


def is_reporting(verb: Token) -> bool:
    """Is it a verb of saying?"""
    return verb.lemma_.lower() in lexicon().words("reporting", "say")


def negation_of(token: Token) -> Token | None:
    """The "no" or "not" that hangs on a verb or a noun."""
    return next(
        (c for c in token.children if c.dep_ == "neg" or (c.dep_ == "det" and c.lower_ in {"no", "neither"})), None
    )


class ClauseWalk(ABC):
    """State of a walk: `path` keeps the tokens whose dates are the event's, `reports` the verbs that only report it."""

    def __init__(self, *, failed_counts: bool, lasting: bool) -> None:
        self.verdict = Verdict()
        self.failed_counts = failed_counts
        self.lasting = lasting
        self.path: list[Token] = []
        self.reports: list[Token] = []
        self.background = False
        self._steps = 0

    @abstractmethod
    def listed_noun(self, noun: Token, *, default: Status) -> None:
        """A noun above the event: "plans for", "threat of"."""

    @abstractmethod
    def above_noun(self, noun: Token) -> None:
        """What stands above a noun."""

    def step(self) -> bool:
        """Count a step up; False when it was one too many."""
        self._steps += 1
        return self._steps <= DEPTH

    def verb(self, verb: Token, *, own: bool = False) -> None:
        """A verb that carries the event (`own`: it is the trigger itself), and what stands above it."""
        if not self.step():
            return
        self.path.append(verb)
        self._modality(verb)
        if own:
            self._habit(verb)
        head, dep = verb.head, verb.dep_
        if head == verb:
            self.question(verb)
        elif dep in _COMPLEMENTS:
            self.complement(verb, head)
        elif dep in {"advcl", "dep"}:
            self._adverbial(verb, head)
        elif dep == "conj" and is_verbal(head):
            self._conjunct(verb, head)
        elif dep in {"acl", "relcl"}:
            self._of_noun(verb, head)
        elif dep == "pcomp":
            self._after_preposition(verb, head)

    def question(self, root: Token) -> None:
        """What is only asked may not be so."""
        if any(t.text == "?" for t in root.doc[-2:]):
            self.verdict.raise_to("hypothetical", root.doc[-1])

    # --- the verb's own words --------------------------------------------------------------------------------

    def _modality(self, verb: Token) -> None:
        for child in verb.children:
            dep, lower = child.dep_, child.lower_
            if dep == "aux" and child.tag_ == "MD":
                self._modal(verb, child)
            elif dep == "aux" and lower == "to" and verb.head == verb:
                self.verdict.raise_to("future", child)  # the headline's "Iran to hold election"
            elif dep == "mark" and lower in lexicon().words("status", "conditional_markers"):
                ahead = lower in {"before", "until"}
                if not (ahead and verb.tag_ == "VBD"):
                    self.verdict.raise_to("future" if ahead else "hypothetical", child)
            elif self._negates(child):
                self.verdict.raise_to("negated", child)

    def _negates(self, child: Token) -> bool:
        dep, lower = child.dep_, child.lower_
        if dep == "neg":
            return True
        if dep == "advmod":
            negating = lower in lexicon().words("status", "negating_adverbs")
            return negating or (lower == "longer" and has_child(child, "no"))
        if dep in {"nsubj", "nsubjpass", "dobj", "obj"}:
            return lower in {"nobody", "none", "neither"} or has_child(child, "no", "neither")
        return False

    def _modal(self, verb: Token, modal: Token) -> None:
        lower = modal.lower_
        if lower in _WILL:
            perfect = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
            self.verdict.raise_to("hypothetical" if perfect else "future", modal)
        elif lower in {"would", "'d"} and self._is_reported_will(verb):
            self.verdict.raise_to("future", modal)
        else:
            self.verdict.raise_to("hypothetical", modal)

    def _is_reported_will(self, verb: Token) -> bool:
        """Does "would" stand for a reported "will" ("said it would launch")?"""
        token = verb
        while token.dep_ == "conj" and is_verbal(token.head):
            token = token.head
        if token.dep_ not in {"ccomp", "xcomp"} or not is_verbal(token.head):
            return False
        conditional = any(has_child(clause, "if", "unless") for clause in children(verb, "advcl"))
        perfect = any(c.dep_ == "aux" and c.lower_ in {"have", "be"} for c in verb.children)
        return not conditional and not perfect and is_status_word(token.head, "announcing")

    def _habit(self, verb: Token) -> None:
        words = lexicon().words("status", "habitual_adverbs") | lexicon().words("status", "historical_adverbs")
        for child in children(verb, "advmod", "aux"):
            if child.lower_ in words or (child.dep_ == "aux" and child.lower_ == "used"):
                self.verdict.raise_to("historical", child)

    # --- what stands above a verb ----------------------------------------------------------------------------

    def complement(self, verb: Token, head: Token) -> None:
        """`verb` completes `head`: the first rule that knows `head` decides."""
        if verb.dep_.startswith("csubj"):
            self.verb(head)
            return
        if any(t.text == ";" for t in verb.doc[min(verb.i, head.i) : max(verb.i, head.i)]):
            return  # two sentences with a semicolon between them
        rules = (self._under_denial, self._under_auxiliary, self._under_report, self._under_plan, self._under_doubt)
        if not any(rule(verb, head) for rule in rules):
            self._under_other(verb, head)

    def _under_denial(self, verb: Token, head: Token) -> bool:
        """ "denied that it fired", "refused to fire", "failed to fire"."""
        if is_status_word(head, "denying"):
            self.verdict.raise_to("negated", head)
            self.verdict.attributed = True
            return True
        if head.lemma_.lower() == "fail" and is_infinitive(verb):
            if not self.failed_counts:
                self.verdict.raise_to("negated", head)
            self.verb(head)
            return True
        if is_status_word(head, "negated"):
            self.verdict.raise_to("negated", head)
            return True
        return False

    def _under_auxiliary(self, verb: Token, head: Token) -> bool:
        """ "is to meet", "has to leave", "is going to launch"."""
        lemma = head.lemma_.lower()
        going = lemma == "go" and head.tag_ == "VBG"
        if not is_infinitive(verb) or not (lemma in {"be", "have"} or going):
            return False
        self.verdict.raise_to("hypothetical" if lemma == "have" else "future", head)
        self.verb(head)
        return True

    def _under_report(self, verb: Token, head: Token) -> bool:
        """ "said that it fired", "is said to have fired"; "was told to fire" is an order, and no report."""
        if head.lemma_.lower() == "accuse":
            self.verdict.attributed = True
            return True
        if not is_reporting(head):
            return False
        infinitive = is_infinitive(verb)
        finite = not infinitive and verb.tag_ not in {"VBG", "VB"}
        if finite or any(c.dep_ in {"nsubj", "nsubjpass"} or c.tag_ == "MD" for c in verb.children):
            self._reported_by(head)
            return True
        if infinitive and is_passive(head):
            past = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
            self.verdict.raise_to("actual" if past else "hypothetical", head)
            self.verdict.attributed = True
            return True
        return False

    def _under_plan(self, verb: Token, head: Token) -> bool:
        """ "plans to meet", "is due to meet"."""
        finite = not is_infinitive(verb) and verb.tag_ not in {"VBG", "VB"}
        if not is_status_word(head, "future") or (finite and head.pos_ == "ADJ"):
            return False
        self.verdict.raise_to("future", head)
        self._weakened(head)
        return True

    def _under_doubt(self, verb: Token, head: Token) -> bool:
        """ "wants to meet", "is likely to meet"; but "feared that soldiers had been killed" reports."""
        if not is_status_word(head, "hypothetical"):
            return False
        if not (verb.tag_ == "VBD" and head.lemma_.lower() in {"fear", "worry", "help"}):
            self.verdict.raise_to("hypothetical", head)
        self._weakened(head)
        return True

    def _under_other(self, verb: Token, head: Token) -> None:
        infinitive = is_infinitive(verb)
        if infinitive and not is_status_word(head, "actual"):
            self.verdict.raise_to("hypothetical", head)
        elif not is_verbal(head):
            return
        elif infinitive or verb.tag_ in {"VBG", "VB"}:
            self.verb(head)
        else:
            self.reports_above(head)

    def _weakened(self, head: Token) -> None:
        """ "does not plan to", "may want to": the word above a plan can only weaken it."""
        for child in head.children:
            if child.dep_ == "neg" or (child.dep_ in {"nsubj", "dobj"} and has_child(child, "no")):
                self.verdict.raise_to("negated", child)
            elif child.tag_ == "MD" and child.dep_ == "aux" and child.lower_ in {"may", "might", "could"}:
                self.verdict.raise_to("hypothetical", child)
        self.reports_above(head)

    def _reported_by(self, head: Token) -> None:
        self.verdict.attributed = True
        self.reports.append(head)
        if negation_of(head) is not None:
            if is_status_word(head, "opinion"):
                self.verdict.raise_to("negated", head)
            elif head.lemma_.lower() in {"confirm", "report"}:
                self.verdict.raise_to("hypothetical", head)
        self.reports_above(head)

    def reports_above(self, head: Token) -> None:
        """Is the clause of `head` itself inside a report or a denial?"""
        token = head
        for _ in range(DEPTH):
            above = token.head
            if above == token or token.dep_ not in {"conj", "ccomp", "xcomp", "parataxis"} or not is_verbal(above):
                return
            if token.dep_ != "conj":
                if is_status_word(above, "denying"):
                    self.verdict.raise_to("negated", above)
                if is_reporting(above):
                    self.verdict.attributed = True
                    self.reports.append(above)
            token = above

    def _adverbial(self, verb: Token, head: Token) -> None:
        marks = {c.lower_ for c in verb.children if c.dep_ in {"mark", "advmod"}}
        if is_infinitive(verb):
            # A purpose is still ahead, also of something that happened: "flew to Moscow to meet Putin".
            self.verdict.raise_to("future" if is_status_word(head, "motion") else "hypothetical", head)
        elif "since" in marks and verb.tag_ in {"VBD", "VBN"}:
            self.verdict.raise_to("historical", verb)
        elif not is_verbal(head):
            return
        elif verb.tag_ in {"VBG", "VBN"} and not marks:
            self.verb(head)
        else:
            if "when" in marks:
                self.path.append(head)  # what happened when they met in 2019 happened in 2019
            self.reports_above(head)

    def _conjunct(self, verb: Token, head: Token) -> None:
        own = any(c.dep_ in {"aux", "nsubj", "nsubjpass"} for c in verb.children)
        if not own and verb.tag_ not in _FINITE:
            self.verb(head)
            return
        # A finite conjunct shares with the first what stands above both, but not its negation or modal.
        while head.dep_ == "conj" and is_verbal(head.head):
            head = head.head
        if head.dep_ in {"ccomp", "xcomp", "parataxis"}:
            self.complement(head, head.head)
        elif head.dep_ == "advcl" and has_child(head, "if", "unless"):
            self.verdict.raise_to("hypothetical", head)

    def _of_noun(self, verb: Token, noun: Token) -> None:
        self._background(verb, noun)
        lemma = noun.lemma_.lower()
        if not is_infinitive(verb):
            if verb.dep_ == "acl" or any(c.dep_ == "mark" and c.lower_ == "that" for c in verb.children):
                self.listed_noun(noun, default="actual")
        elif lemma in {"first", "second", "last", "latest", "one"} or has_child(noun, "first", "latest", "last"):
            self.above_noun(noun)  # "the first to launch" did
        elif self.failed_counts and lemma in {"attempt", "bid", "effort", "try"}:
            # An attempt that was made is the event, even if it failed: "its attempt to orbit a satellite failed".
            if noun.dep_ in {"nsubj", "dobj", "nsubjpass"} and is_verbal(noun.head):
                self.verb(noun.head)
        else:
            self.listed_noun(noun, default="hypothetical")

    def _background(self, verb: Token, noun: Token) -> None:
        had = any(c.dep_ == "aux" and c.lower_ == "had" for c in verb.children)
        if (verb.dep_ == "relcl" and had) or (self.lasting and verb.tag_ == "VBN"):
            self.background = True
        if noun.dep_ == "pobj" and noun.head.lower_ == "of" and is_status_word(noun.head.head, "historical_nouns"):
            self.verdict.raise_to("historical", noun.head.head)
        if has_child(verb, "when"):
            self.path.extend((noun, noun.head))

    def _after_preposition(self, verb: Token, preposition: Token) -> None:
        above, lower = preposition.head, preposition.lower_
        if lower == "without":
            self.verdict.raise_to("negated", preposition)
        elif lower in lexicon().words("status", "before_prepositions"):
            if above.tag_ not in {"VBD", "VBN"}:  # "flew for an hour before splashing down"
                self.verdict.raise_to("future", preposition)
        elif lower == "against":
            self.verdict.raise_to("hypothetical", preposition)
        elif above.pos_ in {"NOUN", "PROPN"}:
            self.listed_noun(above, default="actual")
        elif is_verbal(above):
            self._gerund_under(lower, above)

    def _gerund_under(self, preposition: str, verb: Token) -> None:
        if is_status_word(verb, "denying") or (is_status_word(verb, "negated") and preposition == "from"):
            self.verdict.raise_to("negated", verb)
        elif verb.lemma_.lower() in {"accuse", "suspect", "convict"}:
            self.verdict.attributed = True
        elif preposition == "by":
            self.verb(verb)
        elif is_status_word(verb, "hypothetical"):
            self.verdict.raise_to("hypothetical", verb)
