"""The way from a noun that carries an event up to its verb: what modifies it, governs it, and holds it in a phrase."""

from __future__ import annotations

from collections.abc import Sequence

from workers.annotate.known import is_definite, is_past
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negates, negation_of
from workers.annotate.phrasal import has_object, is_phrasal, is_postponing, is_undone
from workers.annotate.phrases import IRREALIS, NOMINAL, PhraseWalk
from workers.annotate.syntax import behind, children, has_child, is_infinitive, is_verbal
from workers.annotate.words import Token

_UNDER_WAY = frozenset({"get", "begin", "open", "start", "kick", "take", "end", "close", "conclude", "convene"})
_REFUSALS = ("denying", "excluded")
_TIMES = frozenset({"once", "twice", "thrice", "times", "repeatedly"})
_BEGINNING = frozenset({"begin", "start", "open"})
_OVER_BEFORE = frozenset({"dead", "off", "toast"})


def _was_held_after_all(verb: Token) -> bool:
    """ "The rocket, whose launch had been put off twice, lifted off": delays that are counted are over."""
    counts = (*children(verb, "npadvmod", "advmod"), *behind(verb, "for"))
    return is_postponing(verb) and has_child(verb, "had") and any(count.lower_ in _TIMES for count in counts)


class Walk(PhraseWalk):
    """The whole walk, for verbs and nouns."""

    def noun(self, noun: Token, tokens: Sequence[Token], *, carried: bool) -> None:
        """A noun that carries the event; `carried`: the verb over it performs it ("declared a truce")."""
        self.path.extend(tokens)
        self.given = is_definite(noun)
        self._modifiers(noun, tokens)
        if not carried:
            self._uncarried(noun)
            return
        self.settled = True
        if bool(children(noun, "acl", "relcl")) and not self._kept_back(noun):
            self.background = next((c for c in children(noun, "relcl") if has_child(c, "had")), None)
            self.clause_of(noun)
            self.reports_above(self.near[0] if self.near else noun)
            return  # "a ceasefire that was agreed on Sunday": its own clause has been read
        verb = noun.head
        while not is_verbal(verb) and verb.head != verb:
            verb = verb.head
        if is_verbal(verb):
            self.verb(verb)
        else:
            self.above_noun(noun)

    def _kept_back(self, noun: Token) -> bool:
        """ "Neither side has agreed to the truce that Qatar proposed": what its clause says makes it no deed yet."""
        verb = noun.head if is_verbal(noun.head) else noun.head.head
        return not is_past(noun) and is_verbal(verb) and self.status_of(verb) in {"negated", *IRREALIS}

    def _uncarried(self, noun: Token) -> None:
        if is_past(noun):
            # "the summit that closed on Monday" was, whatever stands above it, unless that takes it back.
            above = self._fresh()
            above.above_noun(noun)
            self.verdict.attributed = self.verdict.attributed or above.verdict.attributed
            status = above.verdict.status
            if status == "historical" or (status == "negated" and above.verdict.attributed):
                self.verdict.settle(status, above.verdict.because[-1].removeprefix(f"{status}: "))
        elif any(c.tag_ == "VBN" and is_status_word(c, "foreseen") for c in children(noun, "acl")):
            # "optimistic about the talks scheduled for May": to come, unless what stands above calls them off
            above = self._fresh()
            above.above_noun(noun)
            if above.verdict.status == "negated":
                self.verdict.raise_to("negated", noun)
        else:
            self.above_noun(noun)
        self.clause_of(noun)
        if self.near:
            self.reports_above(self.near[0])

    def _modifiers(self, noun: Token, tokens: Sequence[Token]) -> None:
        performed = self._is_performed(noun)
        self.summed_up(noun)
        for child in (c for token in dict.fromkeys((*tokens, noun)) for c in token.children):
            lower = child.lower_
            if child.dep_ in {"det", "neg", "preconj"} and child not in tokens:
                if lower in {"no", "neither", "not"}:
                    self.verdict.raise_to("negated", child)
                elif lower == "any":
                    self.verdict.raise_to("hypothetical", child)
            elif child.dep_ in {"amod", "compound", "nmod", "advmod"} and child not in tokens:
                if child.dep_ == "advmod" and is_verbal(child.head):
                    continue  # "a rocket launched an hour earlier"
                self.adjective(child, performed=performed)
            elif child.dep_ in {"acl", "relcl"} and not is_infinitive(child):
                self._clause_of(child)
        for held in (c for leaders in behind(noun, "of") for c in children(leaders, "acl")):
            if self.kind.arranged and held.tag_ == "VBN" and is_status_word(held, "performing"):
                self._clause_of(held)  # "the summit of their leaders held in June"

    def _is_performed(self, noun: Token) -> bool:
        """ "mounted its long-threatened invasion": what was planned was done."""
        verb = noun.head
        begun = is_status_word(verb, "happening") or verb.lemma_.lower() in _UNDER_WAY
        if noun.dep_ == "nsubj" and verb.pos_ == "VERB" and begun:
            pass  # "the long-postponed summit got under way"
        elif noun.dep_ == "pobj" and noun.head.lower_ in {"in", "at", "during"} and is_verbal(noun.head.head):
            verb = noun.head.head  # "were voting in a delayed election"
            return verb.tag_ != "VB" and self.status_of(verb) == "actual"
        elif noun.dep_ not in {"dobj", "nsubjpass"} or not is_status_word(verb, "performing"):
            return False
        return verb.tag_ in {"VBD", "VBN"} and self.status_of(verb) == "actual"

    def _clause_of(self, verb: Token) -> None:
        """ "talks scheduled for Friday", "the summit, which was cancelled", "the launch planned this week"."""
        if is_status_word(verb, "scheduling") and verb.tag_ == "VBN":
            self.verdict.raise_to("hypothetical" if verb.lemma_.lower() == "propose" else "future", verb)
        elif is_phrasal(verb, "postponing_phrasal"):
            self.verdict.raise_to("future", verb)
            return  # "which was put off last May": that dates the delay
        elif is_status_word(verb, "cancelling"):
            self.verdict.raise_to("negated", verb)
        elif self.kind.arranged and is_status_word(verb, "happening") and negation_of(verb) is not None:
            self.verdict.raise_to("negated", verb)  # "the summit that never was"
        elif any(c.tag_ == "MD" and c.lower_ == "will" for c in verb.children):
            if _is_setting(verb):
                return
            if not _is_begun(verb.head):
                self.verdict.raise_to("future", verb)
        elif has_child(verb, "should", "would") and has_child(verb, "have"):
            self.verdict.raise_to("negated", verb)  # "firings which should have taken place on Friday"
        else:
            for word in children(verb, "acomp"):
                self.subject_judged(word)  # "elections that are due to start"
        if not (self._is_content(verb) and verb.tag_ in {"VB", "VBP", "VBZ"}):
            self.path.append(verb)  # not that of "a request that Chad extradite him"

    def above_noun(self, noun: Token) -> None:
        """What stands above a noun: its verb, its preposition, or the noun it modifies."""
        if not self.step():
            return
        head, dep = noun.head, noun.dep_
        if head == noun:
            self.question(noun)
        elif dep in {"pobj", "pcomp"} and head.pos_ in {"ADP", "SCONJ"}:
            self.behind_preposition(head, noun)
        elif dep in {"conj", "appos"}:
            if dep == "conj" and has_child(head, "no", "neither") and has_child(head, "or", "nor"):
                self.verdict.raise_to("negated", head)
            self.above_noun(head)
        elif dep in {"compound", "nmod", "amod", "poss"} and head.pos_ in NOMINAL:
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
        if self._is_untold(noun, verb):
            self.reports_above(verb)
        elif is_status_word(verb, "memory") or _is_marked(verb):
            self.verdict.raise_to("historical", verb)
        elif any(is_status_word(verb, name) for name in ("reaction", "keeping")) or _stands_whatever(noun, verb):
            if self.kind.arranged and self.status_of(verb) == "hypothetical":
                # "would welcome a summit": there is none yet
                self.verdict.raise_to("future" if is_definite(noun) else "hypothetical", verb)
            self.reports_above(verb)  # what is condemned or welcomed has happened
        elif is_phrasal(verb, "postponing_phrasal"):
            self.verdict.raise_to("future", verb)
        elif is_status_word(verb, "stopping"):
            self._stopped(noun, verb)
        elif any(is_status_word(verb, name) for name in _REFUSALS) or is_phrasal(verb, "negated_phrasal"):
            if is_status_word(noun, "speech_acts"):
                self.reports_above(verb)  # who rejects an accusation was accused
            else:
                self._refused(verb)
        elif self.kind.at_home and self.kind.arranged and is_status_word(verb, "refusing"):
            self._stayed_away(verb)
        elif is_status_word(verb, "negated"):
            self._called_off(noun, verb)
        else:
            self._made(noun, verb)

    def _is_untold(self, noun: Token, verb: Token) -> bool:
        """Was it only not seen, not announced, not confirmed?"""
        idea = not is_definite(noun)
        if not any(map(negates, verb.children)):
            return False
        if self.kind.arranged and idea and is_status_word(verb, "confirming"):
            self.verdict.raise_to("hypothetical", verb)  # "a meeting of the two has not been confirmed"
            return True
        if idea and is_status_word(verb, "detecting"):
            self.verdict.raise_to("negated", verb)  # "neither of them detected a launch"
            return True
        untold = not self.kind.arranged and is_status_word(verb, "disclosing") and negation_of(verb) is not None
        if untold and has_child(verb, "will", "wo", "would"):
            self.verdict.raise_to("future", verb)  # "coming tests would not be announced"
        return untold

    def _called_off(self, noun: Token, verb: Token) -> None:
        if negation_of(verb) is not None:
            if self.kind.arranged:
                self.verdict.raise_to("future", verb)  # "has not cancelled the visit"
            return
        irrealis = self.status_of(verb) in IRREALIS and not is_status_word(verb, "refusing")
        kinds = is_status_word(verb, "prohibiting") and noun.tag_ == "NNS" and not is_definite(noun)
        irrealis = irrealis or kinds  # "a treaty banning tests"
        self.verdict.raise_to("hypothetical" if irrealis else "negated", verb)
        self.verb(verb)

    def _stayed_away(self, verb: Token) -> None:
        """Who boycotts a vote stays away from one."""
        if self.status_of(verb) in IRREALIS:
            self.verdict.raise_to("future", verb)
        self.reports_above(verb)

    def _stopped(self, noun: Token, verb: Token) -> None:
        """ "halted the strikes": they are over; "must halt the strikes": they go on; "to stop an attack": there may be
        one."""
        status = self.status_of(verb)
        if status in {"actual", "historical"}:
            self.verdict.raise_to("negated", verb)
        elif status in IRREALIS and not (
            is_definite(noun) or (noun.tag_ in {"NNS", "NNPS"} and not self.kind.arranged)
        ):
            self.verdict.raise_to("hypothetical", verb)
        self.reports_above(verb)

    def _refused(self, verb: Token) -> None:
        if not is_undone(verb):
            self.verdict.raise_to("negated", verb)
            self.reports_above(verb)
        elif is_status_word(verb, "excluding") or is_phrasal(verb, "negated_phrasal"):
            self.verdict.raise_to("hypothetical", verb)  # "did not rule out a strike"

    def _made(self, noun: Token, verb: Token) -> None:
        if is_status_word(verb, "discussing") and is_definite(noun) and not self.kind.arranged:
            self.reports_above(verb)  # "discussed the attack"; a truce or a summit may be only an idea
            return
        if verb.lemma_.lower() == "set" and noun.dep_ == "nsubjpass" and has_child(verb, "for"):
            self.verdict.raise_to("future", verb)  # "the vote has been set for March"
            return
        calls = verb.lemma_.lower() == "call"
        called = calls and not has_child(verb, "had") and noun.dep_ != "oprd" and not children(verb, "oprd")
        if (is_status_word(verb, "hypothetical") and not calls) or self._is_foretold(noun, verb):
            self.verdict.raise_to("hypothetical", verb)  # "closed its airspace, indicating a launch"
        elif called or is_status_word(verb, "future_objects"):
            self.verdict.raise_to("future", verb)
            if self.kind.arranged and is_definite(noun) and is_infinitive(verb) and verb.dep_ == "advcl":
                self.reports_above(verb)  # "met to prepare the summit": it is called, whatever they meet for
                return
        elif self._goes_on_without(noun, verb) or (
            is_definite(noun) and not is_status_word(verb, "light") and self._stands_under(verb)
        ):
            return
        self.verb(verb)

    def _is_foretold(self, noun: Token, verb: Token) -> bool:
        """ "Closed its airspace, indicating a launch"."""
        if verb.tag_ != "VBG" or not is_status_word(verb, "foretelling") or self.kind.spoken:
            return False
        return self.kind.one_doer or not is_definite(noun)

    def _goes_on_without(self, noun: Token, verb: Token) -> bool:
        """ "Will not attend Friday's summit", "did not join the talks": they are held without him."""
        away = is_status_word(verb, "attending") and any(c.dep_ == "neg" for c in verb.children)
        if not (self.kind.arranged and away and is_definite(noun)):
            return False
        if has_child(verb, "will", "wo", "would") or self.status_of(verb.head) in IRREALIS:
            self.verdict.raise_to("future", verb)
        self.reports_above(verb)
        return True

    def _stands_under(self, verb: Token) -> bool:
        """Does a definite noun stand although its verb is only possible: "could derail the talks"?"""
        if self.status_of(verb) == "actual":
            return False
        if self.kind.arranged and self.status_of(verb) in IRREALIS:
            self.verdict.raise_to("future", verb)
        self.reports_above(verb)
        return True

    def _subject_of(self, noun: Token, verb: Token) -> None:
        for child in children(verb, "acomp", "attr", "xcomp"):
            if child.lower_ == "wrong" and verb.lemma_.lower() == "go":
                continue  # "a launch went wrong": there was one
            if child.pos_ == "ADJ" or child.lemma_.lower() in {"due", "set", "likely"}:
                self.subject_judged(child)
            elif child.dep_ == "attr" and is_status_word(child, "false"):
                self.verdict.raise_to("negated", child)  # "the attack was a hoax"
        for idea in (t for prep in children(verb, "prep") if prep.lower_ == "under" for t in children(prep, "pobj")):
            if is_status_word(idea, "pondering"):
                self.verdict.raise_to("hypothetical", idea)  # "a visit was under consideration"
        if self.kind.arranged and is_phrasal(verb, "undone_phrasal"):
            self.verdict.raise_to("negated", verb)  # "a meeting of the two fell through"
        self._stands_open(verb)
        if not has_object(verb) and verb.tag_ in {"VBD", "VBN"} and self._headline_passive(noun, verb):
            return
        raised = next((c for c in children(verb, "xcomp") if is_status_word(c, "happening")), None)
        if raised is not None and is_infinitive(raised):
            self.verb(raised)  # "talks have yet to start", "the summit failed to take place"
            return
        described = verb.lemma_.lower() == "be" and bool(children(verb, "acomp", "attr"))
        happens = is_status_word(verb, "happening") and not described
        lasts = is_status_word(verb, "lasting") and not self.kind.arranged
        if (lasts or not happens) and self._stands_over(noun, verb):
            return
        if not (happens or self.kind.arranged or is_definite(noun)) and has_child(verb, "would", "'d"):
            self.verdict.raise_to("hypothetical", verb)  # "a strike would send prices up"
        self.verb(verb, negation=happens)

    def _stands_open(self, verb: Token) -> None:
        """ "The summit is in doubt", "is off": what is to be held may be held, or not."""
        if self.kind.arranged and verb.lemma_.lower() == "slip" and has_child(verb, "to", "into", "by"):
            self.verdict.raise_to("future", verb)  # "the launch has slipped to July"
        if not self.kind.arranged or verb.lemma_.lower() not in {"be", "hang", "remain", "look", "put"}:
            return
        for prep in (c for c in children(verb, "prep") if c.lower_ in {"in", "on", "up"}):
            for state in (t for t in prep.subtree if t.dep_ == "pobj" and is_status_word(t, "unsettled")):
                self.verdict.raise_to("future", state)
        for word in children(verb, "acomp", "prt", "advmod", "prep"):
            if word.lower_ in _OVER_BEFORE and is_phrasal(verb, "postponing_phrasal"):
                self.verdict.raise_to("future", word)
            elif word.lower_ in _OVER_BEFORE:
                self.verdict.raise_to("negated", word)

    def _stands_over(self, noun: Token, verb: Token) -> bool:
        """ "the strike could widen the war", "the talks did not end": they were, whatever becomes of them."""
        if any(c.dep_ == "neg" for c in verb.children):
            if self.kind.arranged and any(c.tag_ == "MD" for c in children(verb, "aux")):
                self.verdict.raise_to("future", verb)  # "the visit will not settle it"
            self.reports_above(verb)
            return True
        described = bool(children(verb, "acomp"))
        if verb.lemma_.lower() == "be" and verb.tag_ == "VBZ" and has_child(noun, "a", "an") and not described:
            self.verdict.raise_to("hypothetical", verb)  # "an attack on one is an attack on all"
        if not is_definite(noun) or self.status_of(verb) not in IRREALIS or _is_on_its_way(noun, verb):
            return False
        if self.kind.arranged and not any(c.lower_ == "have" for c in children(verb, "aux")):
            self.verdict.raise_to(
                "future", verb
            )  # "the summit could bring a deal", but "would have failed without him"
        else:
            self.reports_above(verb)
        return True

    def _headline_passive(self, noun: Token, verb: Token) -> bool:
        """ "Summit postponed", "Talks called off": in headlines the passive lacks its auxiliary."""
        listed = ("cancelling", "scheduling", "denying")
        phrasal = is_phrasal(verb, "negated_phrasal") or is_phrasal(verb, "postponing_phrasal")
        if not (phrasal or any(is_status_word(verb, name) for name in listed)):
            return False
        self._object_of(noun, verb)
        return True


def _is_marked(verb: Token) -> bool:
    """ "An exhibition marks the bombing": what is shown or held in memory of it lies back."""
    return verb.lemma_ == "mark" and any(is_status_word(noun, "historical_nouns") for noun in children(verb, "nsubj"))


def _is_setting(clause: Token) -> bool:
    """ "On a visit during which she will hold talks": what is to come is another thing, within the event."""
    within = (prep for prep in children(clause, "prep") if prep.lower_ in {"during", "in", "at", "on"})
    return any(word.lower_ == "which" for prep in within for word in children(prep, "pobj"))


def _is_begun(noun: Token) -> bool:
    """ "Arrived for a visit during which he will speak": who has arrived for it, or begun it, is on it."""
    above = noun.head.head if noun.dep_ == "pobj" else noun.head
    told = above.tag_ in {"VBD", "VBZ", "VBN"} and not any(c.tag_ in {"MD", "TO"} for c in above.children)
    if noun.dep_ == "pobj":
        return told and noun.head.lower_ == "for" and above.lemma_.lower() == "arrive"
    return told and noun.dep_ == "dobj" and above.lemma_.lower() in _BEGINNING


def _stands_whatever(noun: Token, verb: Token) -> bool:
    """ "Opposes the latest sale of arms": there was one; "had been put off twice": it was held in the end."""
    opposed = verb.lemma_.lower() == "oppose" and has_child(noun, "latest", "recent")
    return opposed or _was_held_after_all(verb)


def _is_on_its_way(noun: Token, verb: Token) -> bool:
    """ "The typhoon could hit Luzon": it is there, but has struck nobody yet."""
    return noun.lemma_.lower() in lexicon().words("names", "storms") and is_status_word(verb, "striking")
