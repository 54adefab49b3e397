"""The way from a noun that carries an event up to its verb: what modifies it, governs it, and holds it in a phrase."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from topics.annotations import Status
from workers.annotate.clauses import ClauseWalk
from workers.annotate.complements import has_object, is_long_after, is_phrasal, is_speech
from workers.annotate.known import is_definite, is_past
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negation_of
from workers.annotate.syntax import children, has_child, is_infinitive, is_verbal

_NOMINAL = frozenset({"NOUN", "PROPN"})
_IRREALIS = frozenset({"future", "hypothetical"})
_FACTIVE = frozenset({"after", "following", "since", "despite", "amid", "over"})
_TOWARDS_EVENT = frozenset({"for", "to", "towards", "toward", "into", "of"})
_BESIDE = frozenset({"on", "with", "about", "against"})
_ADJECTIVES: tuple[tuple[Status, str], ...] = (
    ("negated", "negating_adjectives"),
    ("future", "future_adjectives"),
    ("hypothetical", "unreal_adjectives"),
    ("hypothetical", "hypothetical_adjectives"),
    ("historical", "historical_adjectives"),
)
_NOUNS: tuple[tuple[Status, str], ...] = (
    ("negated", "negating_nouns"),
    ("future", "future_nouns"),
    ("hypothetical", "hypothetical_nouns"),
    ("historical", "historical_nouns"),
)
_LISTED = (*(name for _, name in _NOUNS), "stopping_nouns")


class Walk(ClauseWalk):
    """The whole walk, for verbs and nouns."""

    _given = True
    """Is the event that the walk began with a known one ("the strike")?"""

    def noun(self, noun: Token, tokens: Sequence[Token], *, carried: bool) -> None:
        """A noun that carries the event; `carried`: the verb over it performs it ("declared a truce")."""
        self.path.extend(tokens)
        self._given = is_definite(noun)
        self._modifiers(noun, tokens)
        if not carried:
            self._uncarried(noun)
            return
        self.settled = True
        if any(True for _ in children(noun, "acl", "relcl")):
            return  # "a ceasefire that was agreed on Sunday": its own clause has been read
        verb = noun.head
        while not is_verbal(verb) and verb.head != verb:
            verb = verb.head
        if is_verbal(verb):
            self.verb(verb)
        else:
            self.above_noun(noun)

    def _uncarried(self, noun: Token) -> None:
        if is_past(noun):
            # "the summit that closed on Monday" was, whatever stands above it, unless that takes it back.
            above = self._fresh()
            above.above_noun(noun)
            self.verdict.attributed = self.verdict.attributed or above.verdict.attributed
            status = above.verdict.status
            if status in {"negated", "historical"}:
                self.verdict.settle(status, above.verdict.because[-1].removeprefix(f"{status}: "))
        else:
            self.above_noun(noun)
        self.clause_of(noun)
        if self.near:
            self.reports_above(self.near[0])

    def _modifiers(self, noun: Token, tokens: Sequence[Token]) -> None:
        performed = self._is_performed(noun)
        for child in (c for token in dict.fromkeys((*tokens, noun)) for c in token.children):
            lower = child.lower_
            if child.dep_ in {"det", "neg", "preconj"}:
                if lower in {"no", "neither", "not"}:
                    self.verdict.raise_to("negated", child)
                elif lower == "any":
                    self.verdict.raise_to("hypothetical", child)
            elif child.dep_ in {"amod", "compound", "nmod", "advmod"} and child not in tokens:
                self._adjective(child, performed=performed)
            elif child.dep_ in {"acl", "relcl"} and not is_infinitive(child):
                self._clause_of(child)

    def _is_performed(self, noun: Token) -> bool:
        """ "mounted its long-threatened invasion": what was planned was done."""
        verb = noun.head
        if noun.dep_ not in {"dobj", "nsubjpass"} or not is_status_word(verb, "performing"):
            return False
        return verb.tag_ in {"VBD", "VBN"} and self.status_of(verb) == "actual"

    def _adjective(self, word: Token, *, performed: bool = False) -> None:
        for status, name in _ADJECTIVES:
            planned = status in _IRREALIS and name != "unreal_adjectives"
            if word.lower_ in lexicon().words("status", name) and not (performed and planned):
                self.verdict.raise_to(status, word)
        if any(child.tag_ == "MD" for child in word.children):
            self.verdict.raise_to("hypothetical", word)  # "a would-be attack", cut at its hyphens
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
        else:
            for word in children(verb, "acomp"):
                self._subject_judged(word)  # "elections that are due to start"
        self.path.append(verb)

    def above_noun(self, noun: Token) -> None:
        """What stands above a noun: its verb, its preposition, or the noun it modifies."""
        if not self.step():
            return
        head, dep = noun.head, noun.dep_
        if head == noun:
            self.question(noun)
        elif dep == "pobj":
            self._behind(head, noun)
        elif dep in {"conj", "appos"}:
            if dep == "conj" and has_child(head, "no", "neither") and has_child(head, "or", "nor"):
                self.verdict.raise_to("negated", head)
            self.above_noun(head)
        elif dep in {"compound", "nmod", "amod", "poss"} and head.pos_ in _NOMINAL:
            self.listed_noun(head, default="actual")
        elif not is_verbal(head):
            return
        elif dep in {"dobj", "obj", "nsubjpass", "oprd", "dative"}:
            self._object_of(noun, head)
        elif dep == "nsubj":
            self._subject_of(noun, head)
        elif dep in {"attr", "acomp"}:
            self.verb(head)

    # --- object and subject ----------------------------------------------------------------------------------

    def _object_of(self, noun: Token, verb: Token) -> None:
        if is_status_word(verb, "reaction"):
            self.reports_above(verb)  # what is condemned or welcomed has happened
        elif is_status_word(verb, "memory"):
            self.verdict.raise_to("historical", verb)
        elif is_status_word(verb, "stopping"):
            self._stopped(noun, verb)
        elif is_status_word(verb, "denying") or is_phrasal(verb, "negated_phrasal"):
            if is_status_word(noun, "speech_acts"):
                self.reports_above(verb)  # who rejects an accusation was accused
            else:
                self._refused(verb)
        elif is_status_word(verb, "negated"):
            if negation_of(verb) is None:
                irrealis = self.status_of(verb) in _IRREALIS and not is_status_word(verb, "refusing")
                kinds = is_status_word(verb, "prohibiting") and noun.tag_ == "NNS" and not is_definite(noun)
                irrealis = irrealis or kinds  # "a treaty banning tests"
                self.verdict.raise_to("hypothetical" if irrealis else "negated", verb)
                self.verb(verb)
        else:
            self._made(noun, verb)

    def _stopped(self, noun: Token, verb: Token) -> None:
        """ "halted the strikes": they are over; "must halt the strikes": they go on; "to stop an attack": there may be
        one."""
        status = self.status_of(verb)
        if status in {"actual", "historical"}:
            self.verdict.raise_to("negated", verb)
        elif status in _IRREALIS and not (is_definite(noun) or noun.tag_ in {"NNS", "NNPS"}):
            self.verdict.raise_to("hypothetical", verb)
        self.reports_above(verb)

    def _refused(self, verb: Token) -> None:
        if negation_of(verb) is None:
            self.verdict.raise_to("negated", verb)
            self.reports_above(verb)
        elif is_status_word(verb, "excluding") or is_phrasal(verb, "negated_phrasal"):
            self.verdict.raise_to("hypothetical", verb)  # "did not rule out a strike"

    def _made(self, noun: Token, verb: Token) -> None:
        if is_status_word(verb, "discussing") and is_definite(noun) and not self.kind.arranged:
            self.reports_above(verb)  # "discussed the attack"; a truce or a summit may be only an idea
            return
        calls = verb.lemma_.lower() == "call"
        called = calls and noun.dep_ != "oprd" and not any(True for _ in children(verb, "oprd"))
        if is_status_word(verb, "hypothetical") and not calls:
            self.verdict.raise_to("hypothetical", verb)
        elif called or is_status_word(verb, "future_objects"):
            self.verdict.raise_to("future", verb)
        elif not is_status_word(verb, "light") and is_definite(noun) and self._stands_under(verb):
            return
        self.verb(verb)

    def _stands_under(self, verb: Token) -> bool:
        """Does a definite noun stand although its verb is only possible: "could derail the talks"?"""
        if self.status_of(verb) == "actual":
            return False
        if self.kind.arranged and self.status_of(verb) in _IRREALIS:
            self.verdict.raise_to("future", verb)
        self.reports_above(verb)
        return True

    def _subject_of(self, noun: Token, verb: Token) -> None:
        for child in children(verb, "acomp", "attr", "xcomp"):
            if child.pos_ == "ADJ" or child.lemma_.lower() in {"due", "set", "likely"}:
                self._subject_judged(child)
            elif child.dep_ == "attr" and is_status_word(child, "false"):
                self.verdict.raise_to("negated", child)  # "the attack was a hoax"
        if not has_object(verb) and verb.tag_ in {"VBD", "VBN"} and self._headline_passive(noun, verb):
            return
        raised = next((c for c in children(verb, "xcomp") if is_status_word(c, "happening")), None)
        if raised is not None and is_infinitive(raised):
            self.verb(raised)  # "talks have yet to start", "the summit failed to take place"
            return
        described = verb.lemma_.lower() == "be" and any(True for _ in children(verb, "acomp", "attr"))
        happens = is_status_word(verb, "happening") and not described
        lasts = is_status_word(verb, "lasting") and not self.kind.arranged
        if (lasts or not happens) and self._stands_over(noun, verb):
            return
        self.verb(verb, negation=happens)

    def _stands_over(self, noun: Token, verb: Token) -> bool:
        """ "the strike could widen the war", "the talks did not end": they were, whatever becomes of them."""
        if any(c.dep_ == "neg" for c in verb.children):
            self.reports_above(verb)
            return True
        if not is_definite(noun) or self.status_of(verb) not in _IRREALIS:
            return False
        if self.kind.arranged:
            self.verdict.raise_to("future", verb)  # "the summit could bring a deal"
        else:
            self.reports_above(verb)
        return True

    def _headline_passive(self, noun: Token, verb: Token) -> bool:
        """ "Summit postponed", "Talks called off": in headlines the passive lacks its auxiliary."""
        listed = ("cancelling", "scheduling", "denying")
        if not (any(is_status_word(verb, name) for name in listed) or is_phrasal(verb, "negated_phrasal")):
            return False
        self._object_of(noun, verb)
        return True

    def _subject_judged(self, word: Token) -> None:
        if is_status_word(word, "future"):
            self.verdict.raise_to("future", word)
        elif is_status_word(word, "hypothetical"):
            self.verdict.raise_to("hypothetical", word)
        elif is_status_word(word, "false"):
            self.verdict.raise_to("negated", word)

    # --- in a prepositional phrase ---------------------------------------------------------------------------

    def _behind(self, preposition: Token, noun: Token) -> None:
        above, lower = _holder_of(preposition), preposition.lower_
        if lower in lexicon().words("status", "before_prepositions") or above.lower_ == "ahead" or _leads_up(above):
            self.verdict.raise_to("future", preposition)
        elif lower == "without" or above.lower_ in lexicon().words("status", "discarding"):
            self.verdict.raise_to("negated", preposition)
        elif lower in {"after", "since", "from"} and is_long_after(preposition):
            self.verdict.raise_to("historical", preposition)
        elif lower in lexicon().words("status", "remote_prepositions"):
            self.background = preposition
        elif above.pos_ in _NOMINAL:
            self._in_noun(above)
        elif is_verbal(above):
            self._under_verb(preposition, noun, above)
        elif above.pos_ == "ADJ":
            self._subject_judged(above)

    def _in_noun(self, above: Token) -> None:
        if above.lemma_.lower() in {"event", "case"} and above.dep_ == "pobj" and above.head.lower_ == "in":
            self.verdict.raise_to("hypothetical", above)  # "in the event of an attack"
        else:
            self.listed_noun(above, default="actual")

    def _under_verb(self, preposition: Token, noun: Token, verb: Token) -> None:
        lower = preposition.lower_
        if is_status_word(verb, "reaction") and not (lower == "with" and is_status_word(verb, "answering")):
            self.reports_above(verb)
            return
        if lower in _TOWARDS_EVENT:
            ahead = lower in {"for", "to", "of"}
            if is_status_word(verb, "memory"):
                self.verdict.raise_to("historical", verb)
            elif is_status_word(verb, "hypothetical"):
                self.verdict.raise_to("hypothetical", verb)
            elif (is_status_word(verb, "future") and ahead) or (is_status_word(verb, "motion") and lower == "for"):
                self.verdict.raise_to("future", verb)
        elif lower in _BESIDE and is_status_word(verb, "hypothetical") and not is_definite(noun):
            self.verdict.raise_to("hypothetical", verb)  # "threatened it with sanctions", "bet on a truce"
        self._under_modal(verb, noun, lower)
        self.reports_above(verb)
        if lower in _FACTIVE:
            self.near.append(verb)
        else:
            self.path.append(verb)

    def _under_modal(self, verb: Token, noun: Token, preposition: str) -> None:
        """An event inside a coming act is coming too; a definite one may stand, and inside a denied act it does."""
        spoken_of = preposition in {"on", "about", "over"} and is_speech(verb)
        if spoken_of and any(is_status_word(c, "prospective") for c in children(noun, "amod")):
            self.verdict.raise_to("hypothetical", verb)  # "consulted its allies on fresh sanctions"
            return
        given = is_definite(noun) or preposition in _FACTIVE or spoken_of
        if given and not self.kind.arranged:
            return
        # "vowed to help in a letter": the letter is where it was vowed, whatever the parser hangs it on.
        letter = preposition == "in" and has_child(noun, "a", "an")
        if letter and verb.dep_ == "xcomp" and not has_child(verb, "will", "would"):
            return
        status = self.status_of(verb)
        if status in _IRREALIS:
            self.verdict.raise_to("future" if given else status, verb)

    def listed_noun(self, noun: Token, *, default: Status) -> None:
        """A noun above the event: "plans for", "threat of", "no sign of", "anniversary of"."""
        lemma = noun.lemma_.lower()
        if negation_of(noun) is not None or (noun.dep_ == "attr" and negation_of(noun.head) is not None):
            self.verdict.raise_to("negated", noun)
        if is_status_word(noun, "stopping_nouns"):
            return  # "a halt to the strikes": they go on, or did until now
        for status, name in _NOUNS:
            if is_status_word(noun, name):
                self.verdict.raise_to(status, noun)
                self._fate_of(noun)
                return
        if lemma in lexicon().words("reporting", "nouns"):
            self.verdict.attributed = True
            self._fate_of(noun)
        elif default != "actual":
            self.verdict.raise_to(default, noun)
        elif lemma in lexicon().words("roles", "transparent") | lexicon().words("roles", "quantity"):
            for child in children(noun, "amod"):
                self._adjective(child)
            self.above_noun(noun)
        elif lemma in lexicon().words("status", "stricken"):
            self._in_memory_of(noun)
        elif not self._given and noun.dep_ == "dobj" and is_status_word(noun.head, "hypothetical"):
            self.verdict.raise_to("hypothetical", noun.head)  # "simulated a response to an attack"

    def _fate_of(self, noun: Token) -> None:
        """ "rejected a proposal for", "shelved plans for", "reports of … were false"."""
        verb, dep = noun.head, noun.dep_
        if dep == "pobj" and verb.head.lemma_.lower() in {"talk", "report", "idea"}:
            verb, dep = verb.head.head, verb.head.dep_
        if not is_verbal(verb):
            return
        refused = is_status_word(verb, "denying") or is_status_word(verb, "negated")
        if dep in {"dobj", "nsubjpass"} and (refused or is_phrasal(verb, "negated_phrasal")):
            if negation_of(verb) is None:
                self.verdict.raise_to("negated", verb)
        elif dep in {"nsubj", "nsubjpass"}:
            for word in children(verb, "acomp", "attr", "oprd"):
                if is_status_word(word, "false"):
                    self.verdict.raise_to("negated", word)

    def _in_memory_of(self, noun: Token) -> None:
        """ "a memorial to the victims of the massacre"."""
        if noun.dep_ == "pobj" and is_status_word(noun.head.head, "historical_nouns"):
            self.verdict.raise_to("historical", noun.head.head)
        elif noun.dep_ == "dobj" and is_status_word(noun.head, "memory"):
            self.verdict.raise_to("historical", noun.head)


def _leads_up(above: Token) -> bool:
    """ "in the run-up to the vote", which the tokenizer cuts at its hyphen."""
    if above.lower_ != "up" or above.i < 2 or above.nbor(-1).text != "-":
        return False
    return above.nbor(-2).lower_ in {"run", "lead", "build"}


def _holder_of(preposition: Token) -> Token:
    """What a preposition belongs to; a plan or a halt just before it, even where the parser hangs it on the verb."""
    above = preposition.head
    if preposition.i and is_verbal(above):
        before = preposition.nbor(-1)
        if before.head == above and before.pos_ == "NOUN" and any(is_status_word(before, name) for name in _LISTED):
            return before
    return above
