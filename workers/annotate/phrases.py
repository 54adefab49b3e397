"""The way from a noun up through its phrase: what its adjectives, its prepositions and the nouns over it say.

`nominals` walks on from the phrase to the verb.
"""

from __future__ import annotations

from collections.abc import Iterable

from topics.annotations import Status
from workers.annotate.clauses import ClauseWalk
from workers.annotate.complements import is_speech
from workers.annotate.frames import CHARGES, takes_part
from workers.annotate.known import is_definite
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negation_of, read_habit
from workers.annotate.occasions import is_dated_back, is_told_after, makes_room
from workers.annotate.phrasal import is_long_after, is_phrasal, is_retracting
from workers.annotate.syntax import children, has_child, is_infinitive, is_passive, is_verbal
from workers.annotate.words import Token

NOMINAL = frozenset({"NOUN", "PROPN"})
IRREALIS = frozenset({"future", "hypothetical"})
_FACTIVE = frozenset({"after", "following", "since", "despite", "amid", "over"})
_PREDICATES = frozenset({"acomp", "attr", "oprd"})
_AFTERMATH = frozenset({"after", "following", "amid", "despite"})
_TOWARDS_EVENT = frozenset({"for", "to", "towards", "toward", "into", "of"})
_REMARKS = frozenset({"mention", "comment", "reference", "reaction", "response"})
_BESIDE = frozenset({"on", "with", "about", "against"})
_MANY = frozenset({"many", "several", "numerous", "countless", "dozens", "various"})
_CLOSING = frozenset({"declare", "proclaim", "mark", "celebrate"})
_SETTING_OUT = frozenset({"arrive", "leave", "depart", "fly", "travel", "jet"})
_OPEN = frozenset({"possible", "potential"})
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
_LISTED = (*(name for _, name in _NOUNS), "stopping_nouns", "answers")


class PhraseWalk(ClauseWalk):
    """The walk over verbs and phrases."""

    ahead = False
    """Is it to come only because it stands behind "ahead of" or "before"?"""

    given = True
    """Is the event that the walk began with a known one ("the strike")?"""

    def adjective(self, word: Token, *, performed: bool = False) -> None:
        """What an adjective before the noun says; if the event was `performed`, it was so whatever had been planned."""
        for status, name in _ADJECTIVES:
            planned = status in IRREALIS and name != "unreal_adjectives" and word.lower_ not in _OPEN
            if word.lower_ == "attempted" and self.kind.failed_counts:
                continue
            if word.lower_ == "world" and word.head.lemma_.lower() != "war":
                continue  # the historical one is of wars only
            if word.lower_ == "earlier" and word.dep_ == "advmod":
                continue  # "the jailing of two leaders a day earlier": its date says how long ago
            if word.lower_ in lexicon().words("status", name) and not (performed and planned):
                self.verdict.raise_to(status, word)
        if any(child.tag_ == "MD" for child in word.children):
            self.verdict.raise_to("hypothetical", word)  # "a would-be attack", cut at its hyphens
        if word.lower_ in lexicon().words("reporting", "adjectives"):
            self.verdict.attributed = True

    def subject_judged(self, word: Token) -> None:
        """What an adjective behind the noun says: "the summit is unlikely", "the talks are due to start"."""
        if is_status_word(word, "future"):
            self.verdict.raise_to("future", word)
        elif is_status_word(word, "general"):
            self.verdict.raise_to("historical", word)
        elif is_status_word(word, "hypothetical"):
            self.verdict.raise_to("hypothetical", word)
        elif is_status_word(word, "false"):
            self.verdict.raise_to("negated", word)

    def behind_preposition(self, preposition: Token, noun: Token) -> None:
        """What a preposition before the noun, and the word that it hangs on, say."""
        above, lower = _holder_of(preposition), preposition.lower_
        ahead = above.lower_ == "ahead" or _leads_up(above)
        if ahead or (lower in lexicon().words("status", "before_prepositions") and not self._had_been(noun, above)):
            self.ahead = self.verdict.status == "actual"
            self.verdict.raise_to("future", preposition)
        elif lower == "like" and not is_definite(noun):
            self.verdict.raise_to("hypothetical", preposition)  # "it sounded like an explosion"
        elif lower == "without" or above.lower_ in lexicon().words("status", "discarding"):
            self.verdict.raise_to("negated", preposition)
        elif lower in {"after", "since", "from"} and is_long_after(preposition):
            self.verdict.raise_to("historical", preposition)
        elif lower in lexicon().words("status", "remote_prepositions"):
            self.background = preposition
        elif above.pos_ in NOMINAL:
            self._in_noun(above, lower, noun)
        elif is_verbal(above) and lower == "in" and above.lemma_.lower() == "be" and not is_definite(noun):
            self.verb(above)  # "denied that it was in talks"
        elif is_verbal(above):
            self._under_verb(preposition, noun, above)
        elif above.pos_ == "ADJ" and is_status_word(above, "knowing") and negation_of(above.head) is not None:
            self.verdict.raise_to("negated", above)  # "is not aware of any launch"
        elif above.pos_ == "ADJ" and lower in {"to", "for"} and is_status_word(above, "willing"):
            self.verdict.raise_to("hypothetical", above)  # "is open to a meeting"
        elif above.pos_ == "ADJ":
            self.subject_judged(above)

    def _had_been(self, noun: Token, above: Token) -> bool:
        """ "weak even before the riots": what is known and told in the past has been; a known vote may be to come."""
        while above.head != above and not is_verbal(above):
            above = above.head
        return not self.kind.arranged and is_definite(noun) and (above.tag_ == "VBD" or has_child(above, "was", "were"))

    def _in_noun(self, above: Token, preposition: str, noun: Token) -> None:
        travels = above.lemma_.lower() in lexicon().words("roles", "journey")
        room = preposition == "for" and self.kind.one_doer and makes_room(above, noun)
        if room or (self.kind.arranged and travels and self._leads_there(above)):
            self.verdict.raise_to("future", above)  # "on his way to a summit"
            return
        if preposition in {"with", "during"} and above.dep_ == "dobj" and is_verbal(above.head) and above.i < noun.i:
            holder = next((prep for prep in noun.ancestors if prep.lower_ == preposition), above)
            self._under_verb(holder, noun, above.head)  # "had paved the way with a visit"
            return
        if preposition == "including" or (preposition == "in" and is_status_word(above, "speech_acts")):
            self.above_noun(above)  # "to hold drills including missile firings", "made the appeal in a letter"
            return
        if above.lemma_.lower() in {"event", "case"} and above.dep_ == "pobj" and above.head.lower_ == "in":
            self.verdict.raise_to("hypothetical", above)  # "in the event of an attack"
        elif preposition in _AFTERMATH or (preposition == "over" and self._answers(above)):
            self.clause_of(above)  # "threatened retaliation over a show of force"
        else:
            self.listed_noun(above, default="actual")

    @staticmethod
    def _answers(noun: Token) -> bool:
        return (
            is_status_word(noun, "answers") or is_status_word(noun, "speech_acts") or is_status_word(noun, "penalties")
        )

    @staticmethod
    def _leads_there(journey: Token) -> bool:
        """Is the one who travels still under way: "for the first leg of his journey to", not "after his trip to"?"""
        return journey.dep_ == "pobj" and journey.head.lower_ in {"of", "on", "for", "before", "to", "ahead"}

    def _under_verb(self, preposition: Token, noun: Token, verb: Token) -> None:
        lower = preposition.lower_
        told_of = verb.head if verb.dep_ == "acl" else next(iter(children(verb, "nsubj", "nsubjpass")), verb)
        if is_status_word(told_of, "invented") or is_status_word(_subject_above(verb), "invented"):
            self.verdict.raise_to("hypothetical", told_of)  # "the opera opens with a riot"
        if lower == "for" and is_status_word(told_of, "future_nouns"):
            self.verdict.raise_to("future", told_of)  # "a notice was issued for a test"
        if (verb.lemma_.lower(), lower) in CHARGES:
            self.verdict.attributed = True
        if verb.tag_ in {"VBZ", "VBP"} or has_child(verb, "is", "are"):
            read_habit(verb, self.verdict)  # "is regularly hit by floods"
        kept = is_status_word(verb, "keeping") and lower in {"on", "with", "in"}
        if kept or self._aside(verb, lower):
            self.reports_above(verb)
            return
        follows_up = verb.lemma_.lower() == "follow" or is_status_word(verb, "answering")
        if is_status_word(verb, "reaction") and not (lower == "with" and follows_up):
            self.reports_above(verb)
            return
        if lower in _TOWARDS_EVENT:
            self._towards(verb, noun, lower)
        elif lower in _BESIDE and is_status_word(verb, "hypothetical") and not is_definite(noun):
            self.verdict.raise_to("hypothetical", verb)  # "threatened it with sanctions", "bet on a truce"
        self._under_modal(verb, noun, lower)
        self.reports_above(verb)
        if lower in _FACTIVE:
            self.near.append(verb)
        else:
            self.path.append(verb)

    def _towards(self, verb: Token, noun: Token, preposition: str) -> None:
        """ "Prepared for the talks", "arrived for a visit"."""
        if (verb.lemma_.lower() == "call" and any(children(verb, "oprd"))) or self._is_on(verb, noun):
            return  # "what he called a weak reaction to the raid"; "arrived for a visit": he is on it
        under_way = verb.tag_ == "VBG" and has_child(verb, "is", "are", "'s", "'re", "am", "'m")
        if is_status_word(verb, "memory"):
            self.verdict.raise_to("historical", verb)
        elif self.kind.arranged and preposition == "to" and under_way and is_status_word(verb, "motion"):
            self.verdict.raise_to("future", verb)  # "is going to the summit"
        elif is_status_word(verb, "hypothetical") or (preposition == "for" and is_status_word(verb, "watching")):
            self.verdict.raise_to("hypothetical", verb)
        elif (is_status_word(verb, "future") and preposition in {"for", "to", "of", "into"}) or (
            preposition == "for" and (is_status_word(verb, "motion") or (self.kind.one_doer and makes_room(verb, noun)))
        ):
            self.verdict.raise_to("future", verb)

    def _is_on(self, verb: Token, noun: Token) -> bool:
        travels = noun.lemma_.lower() in lexicon().words("roles", "journey") and verb.lemma_.lower() in _SETTING_OUT
        return travels and self.status_of(verb) == "actual"

    def _aside(self, verb: Token, preposition: str) -> bool:
        """ "agree to resume exports at the summit": it is at the summit that they agree."""
        if preposition not in {"at", "during"} or verb.dep_ != "xcomp" or not is_infinitive(verb):
            return False
        above = verb.head
        vows = is_status_word(above, "future") and is_verbal(above) and not is_passive(above)
        return vows and not is_status_word(verb, "gathering") and self.status_of(above) == "actual"

    def _under_modal(self, verb: Token, noun: Token, preposition: str) -> None:
        """An event inside a coming act is coming too; a definite one may stand, and inside a denied act it does."""
        if is_phrasal(verb, "awaiting_phrasal") and self.kind.arranged:
            self.verdict.raise_to("future", verb)
        spoken_of = preposition in {"on", "about", "over"} and is_speech(verb)
        if spoken_of and any(is_status_word(c, "prospective") for c in children(noun, "amod")):
            self.verdict.raise_to("hypothetical", verb)  # "consulted its allies on fresh sanctions"
            return
        if preposition in {"on", "about"} and is_definite(noun) and is_status_word(verb, "briefing"):
            return  # "will brief the cabinet on his meeting with the king"
        if preposition == "of" and self.kind.arranged and is_speech(verb) and not is_definite(noun):
            self.verdict.raise_to("hypothetical", verb)  # "spoke of a meeting of the presidents"
            return
        if preposition in _FACTIVE and (is_dated_back(noun) or is_told_after(verb, noun)):
            return  # "will ask for it after last month's vote"
        given = is_definite(noun) or preposition in _FACTIVE or spoken_of
        if given and not self.kind.arranged:
            return
        # "vowed to help in a letter": the letter is where it was vowed, whatever the parser hangs it on.
        letter = preposition == "in" and has_child(noun, "a", "an")
        if letter and verb.dep_ == "xcomp" and not has_child(verb, "will", "would"):
            return
        status = self.status_of(verb)
        if status in IRREALIS:
            self.verdict.raise_to("future" if given else status, verb)
        elif status == "negated" and given and self.kind.arranged and has_child(verb, "will", "wo"):
            self.verdict.raise_to("future", verb)  # "will not be travelling to the summit"
        elif status == "negated" and not given and (preposition == "for" or (preposition == "in" and takes_part(verb))):
            self.verdict.raise_to(status, verb)  # "would not let its soil be used for attacks"

    def listed_noun(self, noun: Token, *, default: Status) -> None:
        """A noun above the event: "plans for", "threat of", "no sign of", "anniversary of"."""
        if noun.lemma_.lower() in _REMARKS and self.given:
            self.reports_above(noun.head)  # "made no mention of the launches"
        else:
            self._listed(noun, default)

    def _listed(self, noun: Token, default: Status) -> None:
        lemma = noun.lemma_.lower()
        self._amount_of(noun)
        if self._taken_up(noun) or self._is_carried_out(noun) or self._leaves_standing(noun):
            return
        for status, name in _NOUNS:
            if is_status_word(noun, name):
                self.verdict.raise_to(status, noun)
                self._fate_of(noun)
                return
        if noun.lower_ == "talk" or (lemma == "door" and not self.given):
            self.verdict.raise_to("hypothetical", noun)  # "talk of a summit", "the door to talks"
            self._fate_of(noun)
        elif lemma in lexicon().words("reporting", "nouns"):
            self.verdict.attributed = True
            self._fate_of(noun)
        elif default != "actual":
            self.verdict.raise_to(default, noun)
        elif lemma in lexicon().words("roles", "transparent") | lexicon().words("roles", "quantity"):
            self._adjectives_of(noun)
            self.summed_up(noun)
            self.above_noun(noun)
        elif lemma in lexicon().words("status", "stricken"):
            self._in_memory_of(noun)
        elif not self.given and noun.dep_ == "dobj" and is_status_word(noun.head, "hypothetical"):
            self.verdict.raise_to("hypothetical", noun.head)  # "simulated a response to an attack"

    def _amount_of(self, noun: Token) -> None:
        """ "No sign of a launch", "any return to testing"."""
        if negation_of(noun) is not None or (noun.dep_ == "attr" and negation_of(noun.head) is not None):
            self.verdict.raise_to("negated", noun)
        for word in children(noun, "det"):
            if word.lower_ == "any":
                self.verdict.raise_to("hypothetical", word)

    def _is_carried_out(self, noun: Token) -> bool:
        """ "To implement the outcomes of the Beijing summit": that has been, and is no news."""
        if not (self.kind.arranged and self.given and is_status_word(noun, "brought")):
            return False
        verb = noun.head if noun.dep_ in {"dobj", "nsubjpass"} else noun.head.head
        if not (is_verbal(verb) and is_status_word(verb, "implementing")):
            return False
        self.verdict.raise_to("historical", verb)
        return True

    def summed_up(self, noun: Token) -> None:
        """ "Has hosted so many summits", "have held several rounds of talks": a count up to now, and no news."""
        if not self.kind.arranged or noun.tag_ != "NNS":
            return
        verb = noun.head
        many = next((c for c in children(noun, "amod", "nummod") if c.lower_ in _MANY), None)
        if many is not None and noun.dep_ == "dobj" and verb.tag_ == "VBN" and has_child(verb, "has", "have"):
            self.verdict.raise_to("historical", many)

    def _leaves_standing(self, noun: Token) -> bool:
        """ "A halt to the strikes": they go on; "revenge for the raid", "the failure of the talks": they were."""
        if self.kind.arranged and self.kind.symmetric and is_status_word(noun, "outcomes"):
            return True
        if noun.lemma_.lower() == "resumption" and is_status_word(noun.head, "threatening"):
            return False  # "threatened a resumption of the raids"
        return is_status_word(noun, "stopping_nouns") or (is_status_word(noun, "answers") and self.given)

    def _adjectives_of(self, holder: Token) -> None:
        """What is said of the round, the wave, the day of an event; its last day is still the event's."""
        for child in children(holder, "amod"):
            is_end = child.lower_ in {"last", "past"} and holder.lemma_.lower() in lexicon().words("syntax", "times")
            if not is_end:
                self.adjective(child)

    def _taken_up(self, noun: Token) -> bool:
        """ "accepted an invitation to visit" promises the visit, "declared the end of the outbreak" puts it behind."""
        if noun.dep_ != "dobj":
            return False
        lemma, verb = noun.lemma_.lower(), noun.head
        if lemma == "invitation" and verb.lemma_.lower() == "accept":
            self.verdict.raise_to("future", verb)
            self.reports_above(verb)
            return True
        if lemma == "end" and verb.lemma_.lower() in _CLOSING:
            self.verdict.raise_to("historical", noun)
            return True
        return False

    def _fate_of(self, noun: Token) -> None:
        """ "rejected a proposal for", "shelved plans for", "reports of … were false"."""
        verb, dep = noun.head, noun.dep_
        if dep == "pobj" and verb.lower_ == "as" and is_verbal(verb.head):
            verb, dep = verb.head, "dobj"  # "dismissed as fiction reports that …", the object hung on "as"
        if dep == "pobj" and verb.lower_ == "of" and is_status_word(verb.head, "signs") and negation_of(verb.head):
            self.verdict.raise_to("negated", verb.head)  # "no sign of preparations for a launch"
        if dep == "pobj" and verb.head.lemma_.lower() in {"talk", "report", "idea"}:
            verb, dep = verb.head.head, verb.head.dep_
        if not is_verbal(verb):
            self._found_false(
                noun.doc[noun.i :] if verb == noun else ()
            )  # of a broken parse the order of words is left
            return
        refused = is_status_word(verb, "denying") or is_status_word(verb, "negated") or is_retracting(verb)
        if dep in {"dobj", "nsubjpass"} and (refused or is_phrasal(verb, "negated_phrasal")):
            if negation_of(verb) is None:
                self.verdict.raise_to("negated", verb)
        elif dep in {"nsubj", "nsubjpass"}:
            if is_status_word(verb, "failing") or is_phrasal(verb, "failing_phrasal"):
                self.verdict.raise_to("negated", verb)  # "plans for a summit fell through"
            for state in (verb, *children(verb, "xcomp")):
                self._found_false(children(state, "acomp", "attr", "oprd"))

    def _found_false(self, words: Iterable[Token]) -> None:
        """ "were wrong", "turned out to be unfounded"."""
        for word in words:
            if word.dep_ in _PREDICATES and is_status_word(word, "false") and negation_of(word.head) is None:
                self.verdict.raise_to("negated", word)

    def _in_memory_of(self, noun: Token) -> None:
        """ "a memorial to the victims of the massacre"."""
        if noun.dep_ == "pobj" and is_status_word(noun.head.head, "historical_nouns"):
            self.verdict.raise_to("historical", noun.head.head)
        elif noun.dep_ == "dobj" and is_status_word(noun.head, "memory"):
            self.verdict.raise_to("historical", noun.head)


def _subject_above(verb: Token) -> Token:
    """What a participle before the main verb is said of: "the musical, set during the siege, has …"."""
    above = verb.head if verb.dep_ == "advcl" else verb
    return next(iter(children(above, "nsubj", "nsubjpass")), above)


def _leads_up(above: Token) -> bool:
    """ "in the run-up to the vote", which the tokenizer cuts at its hyphen."""
    if above.lower_ != "up" or above.i < 2 or above.nbor(-1).text != "-":
        return False
    return above.nbor(-2).lower_ in {"run", "lead", "build"}


def _holder_of(preposition: Token) -> Token:
    """What a preposition belongs to; a plan or a halt just before it, even where the parser hangs it on the verb."""
    while preposition.dep_ == "conj" and preposition.head.pos_ == "ADP":
        preposition = _joined_to(preposition)
    above = preposition.head
    if preposition.i and is_verbal(above):
        before = preposition.nbor(-1)
        if before.head == above and before.pos_ == "NOUN" and any(is_status_word(before, name) for name in _LISTED):
            return before
    return above


def _joined_to(preposition: Token) -> Token:
    """The preposition that a further one takes up: the same word, if one is above ("for a truce in Mali and for")."""
    above = preposition.head
    while above.head != above and not is_verbal(above):
        if above.lower_ == preposition.lower_:
            return above
        above = above.head
    return preposition.head
