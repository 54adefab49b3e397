"""Do the conditions of a trigger hold for the words that fill its slots?

The ontology says what must stand where, `frames` what does, `actors` what it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from spacy.tokens import Token

from workers.annotate.actors import Cast
from workers.annotate.frames import Frame
from workers.annotate.ontology import Condition, Term, Trigger
from workers.annotate.syntax import about, children

_PARTY_SLOTS = ("subject", "object", "with", "between", "among", "poss", "nation", "of", "by", "to")


def holds(trigger: Trigger, frame: Frame, cast: Cast) -> bool:
    """Do all conditions of `trigger` hold?"""
    return all(_holds(condition, frame, cast) for condition in trigger.conditions)


def failing(trigger: Trigger, frame: Frame, cast: Cast) -> Condition | None:
    """The first condition that does not hold; None if all do."""
    return next((condition for condition in trigger.conditions if not _holds(condition, frame, cast)), None)


def met_by(condition: Condition, frame: Frame, cast: Cast) -> list[tuple[str, Token, Term]]:
    """The words in a condition's slots that meet one of its terms, each with its slot and that term."""
    return [
        (slot, token, term)
        for slot in condition.slots
        for token in _fillers(slot, frame)
        for term in condition.terms
        if _meets(token, term, cast, frame)
    ]


def _holds(condition: Condition, frame: Frame, cast: Cast) -> bool:
    met = any(_slot_meets(slot, condition.terms, frame, cast) for slot in condition.slots)
    return met != condition.forbidden


def _slot_meets(slot: str, terms: Iterable[Term], frame: Frame, cast: Cast) -> bool:
    if slot == "parties":
        return any(_enough_parties(term.word, frame, cast) for term in terms)
    fillers = _fillers(slot, frame)
    return any(_meets(token, term, cast, frame) for term in terms for token in fillers)


def _fillers(slot: str, frame: Frame) -> list[Token]:
    fillers = frame.slot(slot)
    return fillers + frame.slot("about") if slot == "object" and frame.kind == "noun" else fillers


def _meets(token: Token, term: Term, cast: Cast, frame: Frame) -> bool:
    if term.is_class:
        if term.word not in cast.classes(token):
            return False
        return term.word != "abroad" or _is_abroad(token, frame, cast)
    if _is_word(token, term) or any(_is_word(child, term) for child in children(token, "appos")):
        return True
    if token.pos_ == "PRON" and any(_is_word(noun, term) for noun in cast.referents(token)):
        return True
    return term.anywhere and any(_is_word(word, term) for word in about(token))


def _is_word(token: Token, term: Term) -> bool:
    lemma, lower = token.lemma_.lower(), token.lower_
    if term.is_prefix:
        return lower.startswith(term.word)
    if token.dep_ == "amod" and token.tag_.startswith("VB"):
        return term.word == lower  # "forced" is not "force"
    return term.word in (lemma, lower) or (lower.endswith("s") and lower[:-1] == term.word)


def _is_abroad(token: Token, frame: Frame, cast: Cast) -> bool:
    """Is the place another country than the visitor's own? A town counts if it is not known to be at home."""
    mention = cast.mention_at(token)
    if mention is None or mention.country is None:
        return False
    own = {p.id for actor in (*frame.slot("subject"), *frame.slot("poss")) for p in cast.resolve(actor)}
    return mention.country not in own


def _enough_parties(wanted: str, frame: Frame, cast: Cast) -> bool:
    """Two participants of the class, or one phrase that names several ("the leaders", "the two sides")."""
    seen: set[str] = set()
    for slot in _PARTY_SLOTS:
        fillers = frame.slot(slot)
        for token in [*fillers, *(c for f in fillers for c in cast.companions(f))]:
            counterpart = token.lemma_.lower() == "counterpart"
            if (
                wanted not in cast.classes(token)
                and not counterpart
                and not (wanted in {"state", "leader"} and cast.parties(token, leaders=wanted == "leader"))
            ):
                continue
            if counterpart and wanted == "state":
                return True  # one's counterpart is the other party
            ids = {p.id for p in cast.resolve(token)}
            if len(cast.parties(token)) == 2 or (token.tag_ == "NNS" and _are_several(token, ids, slot)):
                return True
            # A leader of no known country may be anybody's; one whose country is said settles that.
            seen |= ids or ({token.lower_} if wanted != "leader" or token.tag_ != "NNS" else set())
            if len(seen) >= 2:
                return True
    return False


def _are_several(token: Token, ids: set[str], slot: str) -> bool:
    """Does a plural name several parties by itself: "the leaders met", "talks between the governments"?"""
    if slot not in {"subject", "between", "of", "poss"}:
        return False
    if len(ids) >= 2 or any(identifier.startswith("organisation:") for identifier in ids):
        return True
    qualified = any(child.dep_ in {"amod", "compound", "nmod", "poss"} for child in token.children)
    return not ids and not qualified
