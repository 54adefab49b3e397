"""Whose "the attack", "the accusation", "the move" is that an earlier clause or sentence told of without that word.

As with all references, nobody is better than a guess: one doer must stand out.
"""

from __future__ import annotations

from dataclasses import dataclass

from topics.annotations import Participant
from workers.annotate.entities import Mention
from workers.annotate.lexicon import lexicon
from workers.annotate.references import References
from workers.annotate.scene import Stretch
from workers.annotate.syntax import antecedent, behind, children, is_verbal, lemma_of, subjects_of
from workers.annotate.words import Token

_POINTING = frozenset({"the", "this", "that", "these", "those"})
_IT = frozenset({"it", "this", "that"})
_BACK = 2
_NEAR = 4
"""How many words a role, a name's rest or an adverb may put between a name and its verb."""
_PASSIVE = frozenset({"was", "were", "been", "being", "is", "are"})


@dataclass(slots=True)
class Echoes(References):
    """Definite nouns of deeds and words, and what is asked of two who fight."""

    def echoed(self, token: Token, own: set[str]) -> list[Participant]:
        """Who did or said what `token` takes up again; never one of `own`."""
        token = antecedent(token)
        lemma = lemma_of(token)
        if token.lower_ in _IT and token.pos_ == "PRON":
            return self._of_last_sentence(token, own)
        said = lemma in lexicon().words("roles", "said")
        if not said and lemma not in lexicon().words("roles", "deed") | lexicon().words("roles", "step"):
            return []
        if any(child.tag_ == "PRP$" for child in token.children):
            return self._only_other(token, own)
        if self.says_whose(token):
            return []
        found = self._clause_above(token, own)
        pointing = any(child.lower_ in _POINTING for child in token.children)
        return found or (self._told_before(token, own, said=said) if pointing else [])

    def _told_before(self, token: Token, own: set[str], *, said: bool) -> list[Participant]:
        """Who acts in the last sentences, the nearest first that is not about `own`; words are answered to who spoke
        of `own`, if one did."""
        before = self.sentences_before(self.position(token.doc), _BACK)
        if said:
            before = sorted(before, key=lambda stretch: not self._speaks_of(stretch, own))
        for stretch in before:
            who = self._doer_of(stretch, said=said, struck=lemma_of(token) in lexicon().words("roles", "deed"))
            if who is not None and who.id not in own:
                return [who]
            if who is None and stretch.part == "text":
                return []
        return []

    def _speaks_of(self, stretch: Stretch, own: set[str]) -> bool:
        """Does a sentence that another begins name `own`: "Britain accused Iran"?"""
        first = self._first_name(stretch)
        if first is None or self.participant(first).id in own:
            return False
        return any(
            m.country in own or m.id in own for m in self.mentions_in(stretch.part, first.end_token, stretch.end)
        )

    def _of_last_sentence(self, token: Token, own: set[str]) -> list[Participant]:
        """ "Finland condemned it": what the last sentence tells of, if this one does not say more."""
        before = self.sentences_before(self.position(token.doc), 1)
        if not before or self._clause_above(token, own):
            return []
        if self._is_at_home(before[0]):
            return []
        who = self._doer_of(before[0], said=False, struck=True)
        return [who] if who is not None and who.id not in own else []

    def _is_at_home(self, stretch: Stretch) -> bool:
        """ "Poland closed its airspace": does a sentence tell of nobody but the one who did it?"""
        words = self.reading(stretch.part).lower[stretch.start : stretch.end]
        names = {m.country or m.id for m in self.mentions_in(stretch.part, stretch.start, stretch.end)}
        return len(names) == 1 and "its" in words

    def _only_other(self, token: Token, own: set[str]) -> list[Participant]:
        """ "France spoke of Iran and condemned its launches": the only other state is meant."""
        position = self.position(token.doc)
        named = self.mentions_in(position.part, position.token, position.token + token.i)
        found = {p.id: p for p in self._states_in(named, statesmen=False) if p.id not in own}
        return list(found.values()) if len(found) == 1 else []

    def says_whose(self, token: Token) -> bool:
        """Do words beside the noun say of whom or what it is, so that it does not point back?"""
        if any(True for _ in (*children(token, "poss"), *behind(token, "by"), *behind(token, "of"))):
            return True
        return any(child.tag_.startswith("NNP") for child in children(token, "amod", "compound", "nmod"))

    def _clause_above(self, token: Token, own: set[str]) -> list[Participant]:
        """ "Chad struck Mali, which condemned the attack": who acts in the clause that this one hangs on."""
        step = token
        while step.head != step:
            below, step = step, step.head
            said = step.lemma_.lower() in lexicon().words("reporting", "say")
            if not is_verbal(step) or (said and below.dep_ in {"ccomp", "xcomp"}):
                continue
            # The nearest of joined clauses: "Chad broke the truce, Mali charged, an accusation that …".
            told = lemma_of(token) in lexicon().words("roles", "said")
            telling = frozenset() if told else lexicon().words("reporting", "say")
            joined = [t for t in children(step, "conj", "parataxis") if is_verbal(t) and t.i < token.i]
            joined = [t for t in joined if t.lemma_.lower() not in telling]
            for verb in (*reversed(joined), step):
                subjects = [t for t in subjects_of(verb) if t.i < token.i]
                found = [p for t in subjects for p in self.resolve(t) if not p.id.startswith("place:")]
                if found and not {p.id for p in found} & own:
                    return found
        return []

    def _doer_of(self, stretch: Stretch, *, said: bool, struck: bool) -> Participant | None:
        """Who acts in a sentence; for a deed, of whom it is told: the accused, or the subject of what was said."""
        first = self._first_name(stretch)
        if first is None:
            return None
        doc, words = self.reading(stretch.part).doc, lexicon()
        names = [m for m in self.mentions_in(stretch.part, first.end_token, stretch.end) if self.speaks(m)]
        after = [doc[i] for i in range(first.end_token, min(stretch.end, first.end_token + _NEAR + 2))]
        for word in after:
            if word.lower_ in _PASSIVE:
                return self._agent(stretch, names)
            told = word.lower_ in words.words("roles", "accused") or word.lower_ in words.words("roles", "told")
            if told and not said:
                near = [m for m in names if 0 < m.start_token - word.i <= _NEAR]
                return self._state(near[0]) if near else None
        hostile = any(word.lower_ in words.words("roles", "struck") for word in after)
        return self._state(first) if hostile or not struck else None

    def _agent(self, stretch: Stretch, names: list[Mention]) -> Participant | None:
        """The name right behind "by"."""
        doc = self.reading(stretch.part).doc
        for name in names:
            if any(doc[i].lower_ == "by" for i in range(max(stretch.start, name.start_token - 2), name.start_token)):
                return self._state(name)
        return None

    def _state(self, mention: Mention) -> Participant | None:
        """The name as a state, an organisation or a group, if it stands for one."""
        found = self.participant(mention)
        return None if found.id.startswith(("person:", "place:")) else found

    def asked_for_peace(self, token: Token, own: set[str]) -> list[Participant]:
        """ "Called for restraint": the two who fight."""
        if lemma_of(token) not in lexicon().words("roles", "peace") or self.says_whose(token):
            return []
        found = self.states_before(self.position(token.doc), token.i)
        return [] if {p.id for p in found} & own else found
