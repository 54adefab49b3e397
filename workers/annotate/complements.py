"""What the verbs, nouns and adjectives over a clause say of it: reports, plans, doubts, denials.

`clauses` walks from a verb to them, `nominals` from a noun.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from topics.annotations import Status
from workers.annotate.asking import is_quoted_question, is_supposed, leaves_open
from workers.annotate.known import is_errand
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negates, negation_of, was_able
from workers.annotate.ontology import EventType
from workers.annotate.phrasal import are_apart, has_object, is_phrasal, is_postponing, is_retracting, is_row, is_undone
from workers.annotate.syntax import children, has_child, is_infinitive, is_passive, is_verbal
from workers.annotate.verdict import Verdict
from workers.annotate.words import Token

DEPTH = 14
"""So many steps up a parse is as far as any sentence goes; a broken parse must not send the walk in circles."""

_CLAUSAL = frozenset({"conj", "ccomp", "xcomp", "parataxis", "acomp"})
_SPEECH = (("reporting", "say"), ("reporting", "speak"), ("status", "denying"))
_JUDGEMENTS: tuple[tuple[Status, str], ...] = (
    ("negated", "negated"),
    ("negated", "false"),
    ("future", "future"),
    ("hypothetical", "hypothetical"),
    ("hypothetical", "willing"),
)


def is_speech(verb: Token) -> bool:
    """Does somebody speak: say, deny, accuse, urge?"""
    lemma, words = verb.lemma_.lower(), lexicon()
    return any(lemma in words.words(*name) for name in _SPEECH)


def is_reporting(verb: Token) -> bool:
    """Is it a verb of saying?"""
    return verb.lemma_.lower() in lexicon().words("reporting", "say")


class Complements(ABC):
    """State of a walk.

    `path` keeps the tokens whose dates are the event's, `near` those whose dates are its own too if they lie in the
    past (a conjunct's, a main clause's), `reports` the verbs that only report it.
    """

    def __init__(self, kind: EventType) -> None:
        self.verdict = Verdict()
        self.kind = kind
        self.path: list[Token] = []
        self.near: list[Token] = []
        self.reports: list[Token] = []
        self.background: Token | None = None
        self.settled = False  # done by the verb over it ("agreed a truce"), so that a date ahead does not matter
        self.willed = False  # to say that one will do it is to do it
        self.said: frozenset[int] = frozenset()  # words of the trigger, whose "no" is part of what it says
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

    def status_of(self, verb: Token) -> Status:
        """The status of another verb of the sentence, found by a walk of its own."""
        walk = self._fresh()
        walk.verb(verb)
        return walk.verdict.status

    def _fresh(self) -> Self:
        walk = type(self)(self.kind)
        walk._steps = self._steps + 1
        return walk

    @abstractmethod
    def verb(self, verb: Token, *, own: bool = False, negation: bool = True) -> None:
        """A verb that carries the event, and what stands above it."""

    # --- what stands above a verb ----------------------------------------------------------------------------

    def complement(self, verb: Token, head: Token) -> None:
        """`verb` completes `head`: the first rule that knows `head` decides."""
        if verb.dep_.startswith("csubj"):
            self.verb(head)
            return
        if head.pos_ == "NOUN" and verb.dep_ == "ccomp" and not is_verbal(head) and not are_apart(verb, head):
            self.listed_noun(head, default="actual")  # "reports that he was shot were untrue"
            return
        if are_apart(verb, head) or is_row(verb, head):
            return  # "Chad threatens Mali with sanctions, promises arms to Niger"
        if verb.dep_ == "ccomp" and (is_supposed(head) or is_quoted_question(verb, head)):
            self.verdict.raise_to("hypothetical", head)
        rules = (
            self._under_decision,
            self._under_denial,
            self._under_stop,
            self._under_auxiliary,
            self._under_judgement,
            self._under_report,
            self._under_plan,
            self._under_doubt,
        )
        if not any(rule(verb, head) for rule in rules):
            self._under_other(verb, head)

    def _under_decision(self, verb: Token, head: Token) -> bool:
        """ "voted to lift the embargo": where the decision is the deed, it is done; a vote to urge says it."""
        if self.kind.spoken and self.path == [verb] and head.lemma_.lower() == "vote" and is_infinitive(verb):
            self.verb(head)
            return True
        if not (self.kind.decided and is_infinitive(verb) and is_status_word(head, "deciding")):
            return False
        passive = is_passive(verb)
        at_the_polls = head.lemma_.lower() == "vote" and is_status_word(verb, "electing")
        commands = head.lemma_.lower() == "order" and not passive
        if at_the_polls or commands or not (passive or has_object(verb)):
            return False  # "agreed to step down": he has not yet; "police were ordered to arrest him"
        if any(has_child(clause, "if", "once", "unless", "provided") for clause in children(verb, "advcl")):
            self.verdict.raise_to("future", head)  # "agreed to lift them once the last prisoner is home"
        self.settled = True
        self.verb(head)
        return True

    def _under_denial(self, verb: Token, head: Token) -> bool:
        """ "denied that it fired", "refused to fire", "failed to fire"; "did not deny" leaves it open."""
        undone = is_undone(head)
        if is_status_word(head, "denying") or is_status_word(head, "excluded"):
            self.verdict.attributed = True
            self.verdict.raise_to("hypothetical" if undone else "negated", head)
            return True
        if head.lemma_.lower() == "fail" and is_infinitive(verb):
            if not self.kind.failed_counts:
                self.verdict.raise_to("negated", head)
            self.verb(head)
            return True
        refused = is_status_word(head, "negated") and not is_status_word(head, "stopping")
        if refused or is_phrasal(head, "negated_phrasal"):
            if undone:
                self.verdict.raise_to("hypothetical" if is_status_word(head, "excluding") else "actual", head)
            else:
                self.verdict.raise_to("negated", head)
            return True
        return False

    def _under_stop(self, verb: Token, head: Token) -> bool:
        """ "stopped shelling" has ended; who is told to stop, or will, or does not, goes on."""
        if not is_status_word(head, "stopping") or verb.tag_ != "VBG":
            return False
        status = self.status_of(head)
        above = head.head
        # Who "urged Chad to stop shelling" says that it goes on.
        told = head.dep_ == "xcomp" and above.lemma_.lower() != "be" and not is_status_word(above, "future")
        if status in {"actual", "historical"} or (status == "future" and not told):
            self.verdict.raise_to("negated", head)
        return True

    def _under_auxiliary(self, verb: Token, head: Token) -> bool:
        """ "is to meet", "has to leave", "is going to launch", "has yet to impose", "used to attack"."""
        lemma = head.lemma_.lower()
        if not is_infinitive(verb):
            return False
        if self._is_undone(verb, head) or self.never(head):
            return True
        if lemma == "use" and head.tag_ == "VBD" and not is_passive(head) and not has_object(head):
            self.verdict.raise_to("historical", head)
            return True
        if is_errand(verb, head) or (lemma not in {"be", "have"} and not (lemma == "go" and head.tag_ == "VBG")):
            return False
        if not self._under_judgement(verb, head):
            self.verdict.raise_to("hypothetical" if lemma == "have" else "future", head)
            self.verb(head)
        return True

    def _is_undone(self, verb: Token, head: Token) -> bool:
        """ "has yet to impose" does not, "was to have been launched" was not."""
        lemma = head.lemma_.lower()
        yet = next((c for c in head.children if c.lower_ == "yet"), None)
        if lemma in {"be", "have", "remain"} and yet is not None:
            self.verdict.raise_to("negated", yet)
        elif lemma == "be" and head.tag_ == "VBD" and (has_child(verb, "have") or has_child(head, "but")):
            self._not_come(head)
        else:
            return False
        return True

    def _not_come(self, head: Token) -> None:
        """ "was to have met", "had been due to meet, but": it did not, unless it was only put off."""
        later = any(is_postponing(o) or o.lemma_.lower() in {"move", "push"} for o in children(head, "conj"))
        self.verdict.raise_to("future" if later else "negated", head)

    def never(self, head: Token) -> bool:
        """ "are in no mood to lift": they do not."""
        if head.lemma_.lower() != "be":
            return False
        mood = next((c for p in children(head, "prep") for c in children(p, "pobj") if has_child(c, "no")), None)
        if mood is not None:
            self.verdict.raise_to("negated", mood)
        return mood is not None

    def _under_judgement(self, verb: Token, head: Token) -> bool:
        """ "it is possible that it fired", "it was impossible to deliver"."""
        if head.pos_ != "AUX" and head.lemma_.lower() not in {"be", "seem", "appear", "remain", "become", "look"}:
            return False
        for word in children(head, "acomp", "attr", "oprd"):
            if word != verb and word.pos_ in {"ADJ", "VERB", "NOUN"} and self.judged_by(word):
                self.reports_above(head)
                return True
        return False

    def judged_by(self, word: Token) -> bool:
        """What an adjective says of the event: "impossible", "likely", "due", "false"."""
        undone = negation_of(word) is not None or negation_of(word.head) is not None
        for status, name in _JUDGEMENTS:
            if is_status_word(word, name):
                if undone:  # "has not been able to deploy", "it is not impossible that they deploy"
                    enabled = is_status_word(word, "enabled")
                    self.verdict.raise_to(
                        "negated" if enabled else "future" if name == "future" else "hypothetical", word
                    )
                else:
                    self.verdict.raise_to(status, word)
                return True
        return False

    def _under_report(self, verb: Token, head: Token) -> bool:
        """ "said that it fired", "is said to have fired"; "was told to fire" is an order, and no report."""
        if head.lemma_.lower() == "accuse":
            self.verdict.attributed = True
            return True
        if not is_reporting(head):
            return False
        infinitive = is_infinitive(verb)
        if verb.tag_ == "VB" and not infinitive and has_child(verb, "that") and not any(children(verb, "aux")):
            self.verdict.raise_to("hypothetical", head)  # "insist that a truce come first"
        finite = not infinitive and verb.tag_ not in {"VBG", "VB"}
        if finite or any(c.dep_ in {"nsubj", "nsubjpass"} or c.tag_ == "MD" for c in verb.children):
            self._reported_by(head)
            return True
        past = any(c.dep_ == "aux" and c.lower_ == "have" for c in verb.children)
        if infinitive and past and not is_passive(head):
            self._reported_by(head)  # "claimed to have wiped the disks"
            return True
        if infinitive and is_passive(head):
            going_on = any(c.dep_ == "aux" and c.lower_ == "be" for c in verb.children)
            if not (past or going_on):
                self.verdict.raise_to("hypothetical", head)
            self.verdict.attributed = True
            return True
        return False

    def _under_plan(self, verb: Token, head: Token) -> bool:
        """ "plans to meet", "is due to meet"."""
        finite = not is_infinitive(verb) and verb.tag_ not in {"VBG", "VB"}
        if not is_status_word(head, "future") or (finite and head.pos_ == "ADJ"):
            return False
        if head.lemma_.lower() == "order" and verb.tag_ == "VBN" and not has_child(verb, "be"):
            self.verb(head)  # "ordered him jailed"
            return True
        top = head.head if head.dep_ in {"acomp", "xcomp"} and head.pos_ == "ADJ" else head
        if is_status_word(head, "foreseen") and any(c.lower_ == "had" for c in children(top, "aux")):
            self._not_come(top)  # "had been due to visit", "had planned to hold"
            return True
        readied = head.lemma_.lower() == "prepare" and head.tag_ == "VBN" and not has_child(head, "has", "have", "had")
        self.verdict.raise_to("hypothetical" if readied else "future", head)
        self._weakened(head)
        return True

    def _under_doubt(self, verb: Token, head: Token) -> bool:
        """ "wants to meet", "is likely to meet"; but "feared that soldiers had been killed" reports."""
        if not (is_status_word(head, "hypothetical") or head.lemma_.lower() == "let"):
            return False
        if head.lemma_.lower() == "help" and not is_infinitive(head) and head.tag_ in {"VBD", "VBN", "VBZ", "VBP"}:
            self.verb(head)  # "helped to catch the fraudster"
            return True
        if was_able(head) or (self.kind.failed_counts and is_status_word(head, "trying")):
            self.verb(head.head if head.pos_ == "ADJ" else head)  # a launch that was tried is one
            return True
        ensured = head.lemma_.lower() == "ensure" and has_child(
            verb, "will", "would"
        )  # that is told as what is to come
        if not (ensured or (verb.tag_ == "VBD" and head.lemma_.lower() in {"fear", "worry", "help"})):
            self.verdict.raise_to("hypothetical", head)
        self._weakened(head)
        return True

    def clause_of(self, token: Token) -> None:
        """The clause around `token` may date the event: its verb, and the date that a "when" hangs on."""
        for _ in range(DEPTH):
            if is_verbal(token) and token.dep_ not in {"aux", "auxpass"}:
                self.near.append(token)
                if token.dep_ in {"relcl", "advcl"} and has_child(token, "when"):
                    self.path.extend((token.head, token.head.head))
                if token.dep_ != "conj":
                    return
            if token.head == token:
                return
            token = token.head

    def attribute_above(self, verb: Token) -> None:
        """A clause inside a reported one is reported too: "a missile fired from Yemen was shot down, the army said"."""
        token = verb
        for _ in range(DEPTH):
            apart = token.dep_ == "conj" and any(children(token, "nsubj", "nsubjpass"))
            if self.verdict.attributed or token.head == token or apart:
                return
            above = token.head
            reported = token.dep_ == "ccomp" and is_verbal(above) and is_reporting(above)
            between = any(
                is_reporting(c)
                and any(children(c, "nsubj"))
                and not any(children(c, "ccomp", "dobj"))
                and not any(t.text == ";" for t in c.doc[min(verb.i, c.i) : max(verb.i, c.i)])
                for c in children(above, "parataxis")
            )
            self.verdict.attributed = reported or between
            token = above

    def _under_other(self, verb: Token, head: Token) -> None:
        infinitive = is_infinitive(verb)
        taken = head.lemma_.lower() in {"take", "seize"} and any(
            is_status_word(noun, "occasions") for noun in children(head, "dobj")
        )
        if head.lemma_.lower() == "see" and head.tag_ in {"VBZ", "VBP"}:
            self.verdict.raise_to("hypothetical", head)  # "minister sees banks reaching agreement"
        elif infinitive and head.lemma_.lower() == "know" and has_child(verb, "have"):
            self.reports_above(head)  # "is known to have been used"
        elif infinitive and is_status_word(head, "evincing") and is_verbal(head.head):
            self.verb(head.head)  # "was quick to condemn"
        elif infinitive and taken:
            self.verb(head)  # "took turns to fire", "took the occasion to condemn"
        elif infinitive and not is_status_word(head, "actual"):
            self.verdict.raise_to("hypothetical", head)
        elif not is_verbal(head):
            return
        elif infinitive or verb.tag_ in {"VBG", "VB"}:
            self.verb(head)
        else:
            self.reports_above(head)

    def _weakened(self, head: Token) -> None:
        """ "does not plan to", "may want to": the word above a plan can only weaken it."""
        able = head.dep_ == "acomp" and is_status_word(head, "enabled")  # "have not been able to arrest him"
        for child in (*head.children, *(head.head.children if able else ())):
            if child.dep_ == "neg" or (child.dep_ in {"nsubj", "dobj"} and has_child(child, "no")):
                self.verdict.raise_to("negated", child)
            elif child.tag_ == "MD" and child.dep_ == "aux" and child.lower_ in {"may", "might", "could"}:
                self.verdict.raise_to("hypothetical", child)
        self.reports_above(head)

    def _reported_by(self, head: Token) -> None:
        self.verdict.attributed = True
        self.reports.append(head)
        before = next((c for c in children(head, "advmod") if is_status_word(c, "historical_adverbs")), None)
        if before is not None:
            self.verdict.raise_to("historical", before)  # "previously, it said that it had agreed to sell"
        if head.tag_ == "VBG" and is_verbal(head.head) and is_retracting(head.head):
            self.verdict.raise_to("negated", head.head)  # "withdrew its story saying that he had been shot"
        nothing = any(negates(c) for c in children(head, "nsubj"))
        if nothing or negation_of(head) is not None:
            if is_status_word(head, "opinion"):
                self.verdict.raise_to("negated", head)
            elif leaves_open(head):
                self.verdict.raise_to("hypothetical", head)
        self.reports_above(head)

    def reports_above(self, head: Token) -> None:
        """Is the clause of `head` itself inside a report or a denial?"""
        token = head
        for _ in range(DEPTH):
            above = token.head
            if above == token or token.dep_ not in _CLAUSAL or not (is_verbal(above) or above.pos_ == "ADJ"):
                break
            if token.dep_ != "conj":
                if token.dep_ == "ccomp" and is_supposed(above):
                    self.verdict.raise_to("hypothetical", above)
                if is_status_word(above, "denying") and negation_of(above) is None:
                    self.verdict.raise_to("negated", above)
                if is_reporting(above):
                    self.verdict.attributed = True
                    self.reports.append(above)
            token = above
        if token.dep_ == "acl" and token.head.pos_ == "NOUN" and not is_infinitive(token):
            self.listed_noun(token.head, default="actual")  # "a report that it was in talks"
