"""The way from a verb up to the root of its sentence: its own words, and the verbs above it.

What a verb's own words say is in `modality`, what stands over it in `complements`, the way from a noun in `nominals`.
"""

from __future__ import annotations

from workers.annotate.asking import contains, in_any_case, is_asking, is_former, is_price
from workers.annotate.complements import Complements, is_reporting, is_speech
from workers.annotate.known import is_definite, is_errand
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negates, negation_of, read_habit, read_modality
from workers.annotate.phrasal import has_child_before, has_object, is_long_after, is_phrasal, is_said
from workers.annotate.strays import is_said_beside
from workers.annotate.syntax import children, has_child, is_infinitive, is_passive, is_verbal
from workers.annotate.words import Token

_COMPLEMENTS = frozenset({"xcomp", "ccomp", "csubj", "csubjpass", "acomp", "parataxis", "oprd", "attr"})
_OCCASIONS = frozenset({"day", "night", "moment", "morning", "evening", "weekend", "hour"})
_FINITE = frozenset({"VBD", "VBZ", "VBP"})
_NEARLY = frozenset({"close", "closer", "near", "nearer"})
_PRESENT = frozenset({"VBZ", "VBP"})
_NEAR = 5
"""So few words lie between a noun and the verb of a clause in commas behind it."""
_SUCCEEDING = frozenset(
    {"reach", "achieve", "attain", "enter", "make", "deliver", "place", "put", "insert", "complete"}
)
_BY_TRADE = frozenset({"specialise", "specialize"})
_BEFOREHAND = frozenset({"when", "once", "after", "until", "whenever", "as", "while"})


def _is_unfulfilled(noun: Token) -> bool:
    """Does the noun stand under a verb that is denied, or only in question: "whether to show a missile shot down"?"""
    above = next((token for token in noun.ancestors if is_verbal(token)), None)
    if above is None or is_status_word(above, "reaction"):
        return False  # "could not intercept a missile fired from Yemen": there was one
    return any(negates(child) for child in above.children) or (is_infinitive(above) and above.dep_ in {"pcomp", "acl"})


def _plan_of(noun: Token) -> Token:
    """The plan that belongs to `noun`: "a plot by officers to oust him"; else the noun itself."""
    if noun.dep_ == "pobj" and noun.head.lower_ in {"by", "of", "among"}:
        planned = noun.head.head
        return planned if is_status_word(planned, "hypothetical_nouns") else noun
    return noun


class ClauseWalk(Complements):
    """The walk over verbs."""

    def verb(self, verb: Token, *, own: bool = False, negation: bool = True) -> None:
        """A verb that carries the event (`own`: it is the trigger itself), and what stands above it."""
        if not self.step():
            return
        self.path.append(verb)
        negation = negation and not (own and self._has_failed(verb))
        read_modality(verb, self.verdict, negation=negation, willed=own and self.willed, said=self.said)
        self._said_between(verb)
        head, dep = verb.head, verb.dep_
        if not any(map(is_verbal, self.path[:-1])):
            read_habit(verb, self.verdict)
        if own:
            self._lasting_state(verb)
            self._possible_object(verb)
        for mark in children(verb, "mark"):
            if mark.lower_ in {"after", "since"} and is_long_after(mark):
                self.verdict.raise_to("historical", mark)  # "forty years after it fell", whatever that hangs on
        self._headline_infinitive(verb)
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

    def _has_failed(self, verb: Token) -> bool:
        """ "The rocket did not reach orbit": it was launched, if that counts."""
        return self.kind.failed_counts and verb.lemma_.lower() in _SUCCEEDING and has_child(verb, "did", "had")

    def implied(self, word: Token) -> None:
        """A word that cannot be said of what is not: who is to "disperse protesters" has protesters before him."""
        self.settled = True
        self.path.append(word)
        denied = negation_of(word)
        if denied is not None and denied.dep_ == "neg":
            self.verdict.raise_to("negated", denied)
        self.clause_of(word)
        self.reports_above(word)

    def _is_uttered(self, verb: Token) -> bool:
        """Is it the trigger itself, and an act of speech: done in being said?"""
        spoken = self.kind.spoken or is_status_word(verb, "voicing")
        return spoken and not self.kind.decided and self.path == [verb]

    def _said_between(self, verb: Token) -> None:
        """ "Seoul fired a missile, officials said, two days after …"."""
        for said in children(verb, "parataxis"):
            if is_reporting(said) and bool(children(said, "nsubj")) and not has_object(said):
                self.verdict.attributed = True
                self.reports.append(said)

    def _lasting_state(self, verb: Token) -> None:
        """ "two men are charged with murder": what was done some time ago lasts."""
        now = any(c.dep_ == "auxpass" and c.lower_ in {"is", "are", "'s", "'re"} for c in verb.children)
        if self.kind.lasting and now and verb.tag_ == "VBN":
            self.background = verb
        if is_former(verb):
            self.verdict.raise_to("historical", verb)

    def _possible_object(self, verb: Token) -> None:
        """ "approved the possible sale of arms", "a mock missile was fired"."""
        for noun in children(verb, "dobj", "nsubjpass"):
            words = {"possible", "potential"} if noun.dep_ == "dobj" else set()
            if self.kind.one_doer and verb.lemma_.lower() in {"fire", "launch"}:
                words |= {"mock", "fake", "toy", "imaginary", "fictional"}
            for word in (c for c in children(noun, "amod", "compound") if c.lower_ in words):
                self.verdict.raise_to("hypothetical", word)

    def question(self, root: Token) -> None:
        """What is only asked may not be so; "why" and "how" ask about what is."""
        if any(t.text == "?" for t in (*root.doc[-2:], *children(root, "punct"))):
            asked = any(c.lower_ in {"why", "how"} and c.dep_ == "advmod" for c in root.children)
            if not (asked and root.tag_ in {"VBD", "VBN", "VB"} and not has_child(root, "will", "would", "could")):
                self.verdict.raise_to("hypothetical", root.doc[-1])

    def _headline_infinitive(self, verb: Token) -> None:
        """ "Iran to hold election", "President to resign, says newspaper"."""
        to = next((c for c in verb.children if c.dep_ == "aux" and c.lower_ == "to"), None)
        if to is None:
            return
        says = is_reporting(verb.head) if is_verbal(verb.head) else verb.head.tag_ == "NNS"  # "…, Ushakov hints"
        said = verb.dep_ == "ccomp" and says and has_child_before(verb, to)
        if verb.head == verb or said:
            self.verdict.raise_to("hypothetical" if has_child(verb, "how") else "future", to)

    def _adverbial(self, verb: Token, head: Token) -> None:
        marks = {c.lower_ for c in verb.children if c.dep_ in {"mark", "advmod"}}
        marks -= lexicon().words("status", "superlatives")  # "a summit next week, the first hosted by China"
        if is_infinitive(verb):
            self._purpose(verb, head)
        elif marks & {"since", "after"} and any(map(is_long_after, (verb, *children(verb, "mark")))):
            self.verdict.raise_to("historical", verb)
        elif "since" in marks and verb.tag_ in {"VBD", "VBN"}:
            self.background = verb
        elif not is_verbal(head):
            return
        elif self._is_uttered(verb) and _stands_apart(verb):
            while is_infinitive(head) and head.dep_ in {"xcomp", "advcl"} and is_verbal(head.head):
                head = head.head
            self.verb(head, negation=False)  # "has pledged to keep order, rebuffing calls for a vote"
        elif verb.tag_ == "VBG" and _is_held_off(verb, head):
            self.complement(verb, head)  # "held off attacking", "has ruled out sending"
        elif verb.tag_ in {"VBG", "VBN"} and not marks:
            self.verb(head, negation=False)
        else:
            self._timed_by(verb, head, marks)

    def _purpose(self, verb: Token, head: Token) -> None:
        """A purpose is still ahead, also of something that happened: "flew to Moscow to meet Putin"; but what is used
        for an end, or goes so far as to reach it, reaches it."""
        if self.never(head) or self._under_decision(verb, head):
            return
        if is_errand(verb, head):
            self.verb(head)  # "was in Oslo on Monday to meet the king"
            return
        if head.lemma_.lower() in {"become", "be"} and any(_is_counted(noun) for noun in children(head, "attr")):
            self.verb(head)  # "became the eighth country to fire one"
            return
        if self._is_uttered(verb) and is_verbal(head) and not is_status_word(head, "motion") and not is_asking(head):
            self.verb(head)  # "rallied to demand reforms", "wrote to protest": it is said in doing so
            return
        reached = has_object(head) or is_passive(head) if is_status_word(head, "actual") else False
        if is_verbal(head) and (reached or is_status_word(head, "realising")):
            self.verb(head)
        else:
            ahead = is_status_word(head, "motion") or is_status_word(head, "foreseen")
            self.verdict.raise_to("future" if ahead else "hypothetical", head)  # "is expected in Oslo to meet"
            if is_status_word(head, "motion") and self.status_of(head) == "hypothetical":
                self.verdict.raise_to("hypothetical", head)  # "may travel to Oslo to meet her"

    def _timed_by(self, verb: Token, head: Token, marks: set[str]) -> None:
        present = verb.tag_ in _PRESENT or (verb.tag_ == "VBN" and has_child(verb, "has", "have", "is", "are"))
        if marks & _BEFOREHAND and present and self.status_of(head) in {"future", "hypothetical"}:
            self.verdict.raise_to("future", head)  # "will leave after he meets the king"
        if "when" in marks and is_status_word(head, "memory"):
            self.verdict.raise_to("historical", head)  # "remembers the riots when they met"
        if "when" in marks:
            self.path.append(head)  # what happened when they met in 2019 happened in 2019
        elif marks & _BEFOREHAND:
            self.near.append(head)
        self.reports_above(head)

    def _conjunct(self, verb: Token, head: Token) -> None:
        if is_infinitive(verb) and is_infinitive(head) and head.dep_ == "acl":
            self.verb(head)  # "the ability to borrow and to negotiate"
            return
        own = any(c.dep_ in {"aux", "nsubj", "nsubjpass"} for c in verb.children)
        if not own and verb.tag_ not in _FINITE:
            self.verb(head)
            return
        if is_said_beside(verb, head):
            self.near.append(head.head)  # "said that it would be held in October and appealed for calm"
            self.reports_above(head.head)
            return
        self.clause_of(head)  # "met nineteen leaders in 2025 and held two summits"
        if any(c.dep_ in {"nsubj", "nsubjpass"} for c in verb.children):
            self.near = [token for token in self.near if not is_verbal(token)]  # what others did has a time of its own
            if head.dep_ == "relcl" and has_child(head, "when"):
                self.path.append(head.head)  # "in June, when Chad struck and Mali struck back"
        elif head.tag_ == "VBN" and is_speech(verb) and head.dep_ == "ccomp" and is_speech(head.head):
            return  # "denied that it had been rigged and accused": it is he that denied who accused
        # A finite conjunct shares with the first what stands above both, but not its negation or modal.
        while head.dep_ == "conj" and is_verbal(head.head):
            head = head.head
        if head.dep_ in {"ccomp", "xcomp", "parataxis"}:
            self.complement(head, head.head)
        elif head.dep_ == "advcl" and has_child(head, "if", "unless"):
            self.verdict.raise_to("hypothetical", head)

    def _of_noun(self, verb: Token, noun: Token) -> None:
        self._told_as_background(verb, noun)
        if is_infinitive(verb) and is_status_word(noun, "occasions") and noun.head.lemma_.lower() in {"take", "seize"}:
            self.verb(noun.head)  # "I take this opportunity to affirm"
            return
        noun = _plan_of(noun) if is_infinitive(verb) else noun
        lemma = noun.lemma_.lower()
        if is_status_word(noun, "invented") and any(
            c.lower_ in {"in", "where"} for c in children(verb, "prep", "advmod")
        ):
            self.verdict.raise_to("hypothetical", noun)  # "a series in which spies kidnap her"
        if lemma == "time" and has_child(noun, "last") and not is_infinitive(verb):
            self.verdict.raise_to("historical", noun)  # "the last time they met"
        elif lemma == "time" and noun.dep_ == "attr" and not is_infinitive(verb) and is_verbal(noun.head):
            self.verb(noun.head, negation=False)  # "it would be the first time that he sets foot there"
        elif not is_infinitive(verb):
            self._clause_of_noun(verb, noun)
        elif lemma == "decision" and self.kind.decided and has_object(verb) and not has_child(verb, "in", "from", "by"):
            self.above_noun(noun)  # "welcomed the decision to lift the embargo"
        elif noun.head == noun or (noun.pos_ == "PROPN" and verb.i - noun.i == 2):
            self.verdict.raise_to("future", verb)  # the headline's "Rivals to resume talks"
        elif is_passive(verb) and _is_set_apart(verb, noun):
            self.verdict.raise_to("future", verb)  # "the pact, to be signed on Monday, gives"
        elif lemma == "one" or _is_counted(noun):
            self.above_noun(noun)  # "the first to launch" did
        elif self.kind.failed_counts and lemma in {"attempt", "bid", "effort", "try"}:
            # An attempt that was made is the event, even if it failed: "its attempt to orbit a satellite failed".
            if noun.dep_ in {"nsubj", "dobj", "nsubjpass"} and is_verbal(noun.head):
                self.verb(noun.head)
        else:
            self.listed_noun(
                noun, default="future" if is_passive(verb) else "hypothetical"
            )  # "a satellite to be launched"

    def _clause_of_noun(self, verb: Token, noun: Token) -> None:
        governs = noun.dep_ in {"dobj", "nsubjpass"} and verb.tag_ == "VBG" and is_verbal(noun.head)
        if governs and not is_definite(noun) and self.status_of(noun.head) in {"future", "hypothetical"}:
            self.verdict.raise_to(self.status_of(noun.head), noun.head)  # "drill to include missile firing off Guam"
        when_they = has_child(verb, "when") and verb.tag_ in _PRESENT and noun.dep_ in {"nsubj", "nsubjpass"}
        if when_they and is_verbal(noun.head) and self.status_of(noun.head) in {"future", "hypothetical"}:
            self.verdict.raise_to("future", verb)  # "the leaders, when they meet, will sign"
        if noun.dep_ == "appos" and noun.lower_ in lexicon().words("status", "superlatives"):
            self.above_noun(noun.head)  # "meet for a summit next week, the first hosted by China"
        marked = noun.lemma_.lower() in _OCCASIONS and noun.head.lemma_.lower() in {"mark", "honour", "honor"}
        if noun.dep_ == "dobj" and (marked or is_status_word(noun.head, "memory")):
            self.verdict.raise_to("historical", noun.head)  # "remembers the night the missiles fell"
        elif noun.lemma_.lower() in _OCCASIONS and noun.dep_ == "pobj":
            return  # "did not yield on the day that they met": they met
        elif in_any_case(verb, noun) or (
            contains(verb, noun) and self.status_of(noun.head) in {"future", "hypothetical"}
        ):
            self.verdict.raise_to("hypothetical", noun)
        elif self._is_content(verb):
            self.listed_noun(noun, default="actual")

    @staticmethod
    def _is_content(verb: Token) -> bool:
        """Does the clause say what a claim or a plan is: "the claim that it fired", and not "the deal signed there"?"""
        if any(c.dep_ == "mark" and c.lower_ == "that" for c in verb.children):
            return True
        told = verb.left_edge.lower_ == "that" and verb.left_edge.dep_ not in {"nsubj", "nsubjpass", "dobj", "pobj"}
        if verb.dep_ == "relcl" and told and is_said(verb.head):
            return True  # "a rumour that pirates had seized a tanker"
        return verb.dep_ == "acl" and any(c.dep_ in {"nsubj", "nsubjpass"} for c in verb.children)

    def _told_as_background(self, verb: Token, noun: Token) -> None:
        if verb.dep_ == "acl" and verb.tag_ == "VBN" and noun.dep_ in {"pobj", "dobj"} and _is_unfulfilled(noun):
            self.background = verb  # "none was traced to a missile fired at the town"
        if verb.dep_ == "acl" and verb.tag_ == "VBN" and noun.dep_ in {"nsubj", "nsubjpass"} and _is_held(verb):
            self.background = verb  # "three officers arrested in the affair go on trial"
        had = any(c.dep_ == "aux" and c.lower_ == "had" for c in verb.children)
        first = noun.lemma_.lower() == "time" and has_child(
            noun, "first", "second", "third"
        )  # "the first time they had"
        news = first or any(
            c.lower_ == "before" and c.nbor(-1).lower_ == "never" for c in children(verb, "advmod")
        )  # "had never before been shown"
        if (verb.dep_ == "relcl" and had and not news) or (
            self.kind.lasting and verb.tag_ == "VBN" and noun.head != noun
        ):
            self.background = verb
        if verb.tag_ == "VBG" and noun.dep_ == "pobj" and noun.head.lower_ == "without":
            self.verdict.raise_to("negated", noun.head)  # "without a missile leaving the tube"
        above = noun.head.head
        if noun.head.lower_ in {"from", "against"} and is_status_word(above, "shielding") and noun.tag_ == "NNS":
            self.verdict.raise_to("hypothetical", above)
        cleft = noun.dep_ == "attr" and has_child(noun.head, "it") and has_child(noun, "a", "an")
        if cleft and negation_of(noun.head) is not None:
            self.verdict.raise_to("negated", noun.head)  # "it was not a missile that destroyed the house"
        unknown = noun.dep_ in {"nsubj", "nsubjpass"} and has_child(noun, "a", "an", "any")
        if unknown and has_child(noun.head, "would", "could"):
            self.verdict.raise_to("hypothetical", noun.head)  # "a missile fired from there would reach the capital"
        about = noun.dep_ == "pobj" and noun.head.lower_ in {"of", "on", "about"}
        if about and is_status_word(noun.head.head, "historical_nouns"):
            self.verdict.raise_to("historical", noun.head.head)
        if noun.dep_ == "pobj" and noun.head.lower_ in {"after", "since"} and is_long_after(noun.head):
            self.verdict.raise_to("historical", noun.head)  # "a year after the quake that killed 900"
        if verb.dep_ == "relcl" and noun.dep_ == "pobj" and noun.head.lower_ == "of" and noun.head.head.pos_ == "NOUN":
            self.path.append(noun.head.head)  # "its launch last month of a missile that flew far"
        if has_child(verb, "when") or any(has_child(prep, "which") for prep in children(verb, "prep")):
            self.path.extend((noun, noun.head))

    def _after_preposition(self, verb: Token, preposition: Token) -> None:
        while preposition.dep_ == "conj" and preposition.head.pos_ == preposition.pos_:
            preposition = preposition.head  # "of firing a missile and of sending troops"
        above, lower = preposition.head, preposition.lower_
        nowhere = any(negates(child) for child in preposition.children)  # "nowhere near signing"
        if nowhere or lower == "without" or above.lower_ in lexicon().words("status", "discarding"):
            self.verdict.raise_to("negated", preposition)
        elif lower in lexicon().words("status", "before_prepositions"):
            if above.tag_ not in {"VBD", "VBN"}:  # "flew for an hour before splashing down"
                self.verdict.raise_to("future", preposition)
        elif lower in {"against", "than"}:  # "is keener on saving his post than on supporting her"
            decided = lower == "against" and is_verbal(above) and is_status_word(above, "deciding")
            self.verdict.raise_to("negated" if decided else "hypothetical", preposition)
        elif above.lower_ in _NEARLY:
            past = above.head.tag_ == "VBD" and above.head.lemma_.lower() == "come"
            self.verdict.raise_to("negated" if past else "hypothetical", above)  # "came close to shutting the border"
        elif above.pos_ in {"NOUN", "PROPN"}:
            self._gerund_of(above)
        elif above.pos_ == "ADJ":
            self.judged_by(above)
        elif is_phrasal(above, "awaiting_phrasal"):
            self.verdict.raise_to("future", above)  # "looks forward to meeting"
        elif is_verbal(above):
            self._gerund_under(lower, above)

    def _gerund_of(self, noun: Token) -> None:
        if is_price(noun):
            self.above_noun(noun)
        else:
            self.listed_noun(noun, default="actual")

    def _gerund_under(self, preposition: str, verb: Token) -> None:
        if preposition in {"after", "since", "following", "despite"}:
            self.near.append(verb)  # "after sentencing him, she urged": she did
        elif is_status_word(verb, "denying") or (is_status_word(verb, "negated") and preposition == "from"):
            self.verdict.raise_to("negated", verb)
        elif verb.lemma_.lower() in {"accuse", "suspect", "convict"}:
            self.verdict.attributed = True
        elif preposition == "about" and is_speech(verb):
            self.verdict.raise_to("hypothetical", verb)  # "talked about reopening"
        elif preposition == "by":
            self.verb(verb, negation=False)
        elif is_status_word(verb, "hypothetical") or verb.lemma_.lower() in _BY_TRADE:
            self.verdict.raise_to("hypothetical", verb)  # "specialises in bailing out banks"


def _is_set_apart(verb: Token, noun: Token) -> bool:
    """Does a clause stand behind a noun and a comma?"""
    return noun.i + 1 < len(noun.doc) and noun.nbor().text == "," and verb.i - noun.i <= _NEAR


def _is_held(verb: Token) -> bool:
    return is_status_word(verb, "holding")


def _is_held_off(verb: Token, head: Token) -> bool:
    """Does a participle say what is put off or ruled out, no comma between them?"""
    listed = is_phrasal(head, "holding_phrasal") or is_phrasal(head, "negated_phrasal")
    return listed and head.i < verb.i and not any(t.text == "," for t in verb.doc[head.i : verb.i])


def _stands_apart(verb: Token) -> bool:
    """Does a participle stand behind a comma?"""
    return verb.tag_ == "VBG" and verb.i > 0 and verb.nbor(-1).text == ","


def _is_counted(noun: Token) -> bool:
    """ "the eleventh state", "the latest country", "the largest firm"."""
    counting = lexicon().words("status", "superlatives")
    return noun.lower_ in counting or any(
        c.lower_ in counting or c.tag_ == "JJS" or c.lower_.endswith("th") for c in children(noun, "amod")
    )
