"""Do the conditions of a trigger hold for the words that fill its slots?

The ontology says what must stand where, `frames` what does, `actors` what it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.annotate.actors import Cast
from workers.annotate.entities import Mention
from workers.annotate.forms import places_of_forms
from workers.annotate.frames import Frame
from workers.annotate.lexicon import lexicon
from workers.annotate.ontology import Condition, Term, Trigger, Words
from workers.annotate.roles import BESIDE, gathered
from workers.annotate.syntax import about, behind, children, governor
from workers.annotate.words import Token

_NAMED = frozenset({"country", "place", "person", "group"})
_PARTY_SLOTS = ("subject", "object", "with", "between", "among", "poss", "nation", "of", "by", "to")


def holds(trigger: Trigger, frame: Frame, cast: Cast) -> bool:
    """Do all conditions of `trigger` hold?"""
    return all(_holds(condition, frame, cast) for condition in trigger.conditions)


def failing(trigger: Trigger, frame: Frame, cast: Cast) -> Condition | None:
    """The first condition that does not hold; None if all do."""
    for condition in trigger.conditions:
        if not _holds(condition, frame, cast):
            return condition
    return None


def met_by(condition: Condition, frame: Frame, cast: Cast) -> list[tuple[str, Token, Term]]:
    """The words in a condition's slots that meet one of its terms, each with its slot and that term."""
    if condition.only:
        return [(slot, token, Term(token.lower_)) for slot, token in _strangers(condition, frame, cast)]
    return [
        (slot, token, term)
        for slot in condition.slots
        for token in _fillers(slot, frame)
        for term in condition.terms
        if _meets(token, term, cast, frame)
    ]


def _holds(condition: Condition, frame: Frame, cast: Cast) -> bool:
    if condition.only:
        return not any(True for _ in _strangers(condition, frame, cast))
    if not _may_be_met(condition, frame):
        return condition.forbidden
    for slot in condition.slots:
        if _slot_meets(slot, condition, frame, cast):
            return not condition.forbidden
    return condition.forbidden


def _strangers(condition: Condition, frame: Frame, cast: Cast) -> Iterator[tuple[str, Token]]:
    """Common nouns in the slots that are not among the terms: names, numbers and halves of compounds are none."""
    for slot in condition.slots:
        for token in frame.slot(slot):
            # In "the Africa Fintech Summit" the model takes all words for names.
            common = token.pos_ == "NOUN" or (token.pos_ == "ADJ" and token.dep_ == "pobj")
            common = common or (token.pos_ == "PROPN" and frame.head.pos_ == "PROPN")
            if not common or _is_half(token) or _is_known(cast.mention_at(token)):
                continue
            if not _meets_one(token, condition, cast, frame):
                yield slot, token


def _is_known(mention: Mention | None) -> bool:
    if mention is None:
        return False
    return mention.country is not None or mention.kind in _NAMED or mention.sort == "igo"


def _is_half(token: Token) -> bool:
    """ "A two-day summit", cut at its hyphen."""
    return "-" in {token.doc[i].text for i in (token.i - 1, token.i + 1) if 0 <= i < len(token.doc)}


def _may_be_met(condition: Condition, frame: Frame) -> bool:
    """Could a word of the sentence meet it at all? Most cannot, and then nobody need ask who stands where."""
    words = condition.head
    if words.classes or "parties" in condition.slots or "story" in condition.slots:
        return True
    places = places_of_forms(frame.head.doc)
    if not places.keys().isdisjoint(words.lemmas):
        return True
    return bool(words.prefixes) and any(form.startswith(words.prefixes) for form in places)


def _slot_meets(slot: str, condition: Condition, frame: Frame, cast: Cast) -> bool:
    if slot == "parties":
        return any(_enough_parties(term.word, frame, cast) for term in condition.terms)
    if slot == "story":
        return not condition.head.lemmas.isdisjoint(cast.words)
    if slot == "sentence" and not condition.head.classes:
        return _stands_in_sentence(condition.head, frame)
    for token in _fillers(slot, frame):  # noqa: SIM110 - asked of each condition, where `any` takes half as long again
        if _meets_one(token, condition, cast, frame):
            return True
    return False


def _stands_in_sentence(words: Words, frame: Frame) -> bool:
    """Does one of the words stand in the sentence, beside the trigger's own?"""
    own = {token.i for token in frame.tokens}
    places = places_of_forms(frame.head.doc)
    if any(not places[form] <= own for form in words.lemmas & places.keys()):
        return True
    return bool(words.prefixes) and any(t.i not in own and t.lower_.startswith(words.prefixes) for t in frame.head.doc)


def _is_among(words: Words, token: Token) -> bool:
    forms = token.forms
    return not words.lemmas.isdisjoint(forms) or (bool(words.prefixes) and forms[0].startswith(words.prefixes))


def _meets_one(token: Token, condition: Condition, cast: Cast, frame: Frame) -> bool:
    """Does `token` meet any of the terms? The same as `_meets` for each of them, at one go."""
    words = condition.head
    if _is_among(words, token):
        return True
    if words.classes:
        met = words.classes & cast.classes(token)
        if met and (met != {"abroad"} or _is_abroad(token, frame, cast)):
            return True
    if not (words.lemmas or words.prefixes):
        return False
    same = (*children(token, "appos"), *(cast.referents(token) if token.pos_ == "PRON" else ()))
    if any(_is_among(words, noun) for noun in same):
        return True
    far = condition.anywhere  # "tariffs on Brazilian goods"
    if not (far.lemmas or far.prefixes or far.classes):
        return False
    return any(_is_among(far, word) or (far.classes and far.classes & cast.classes(word)) for word in about(token))


def _fillers(slot: str, frame: Frame) -> list[Token]:
    fillers = frame.slot(slot)
    return fillers + frame.slot("about") if slot == "object" and frame.kind == "noun" else fillers


def _meets(token: Token, term: Term, cast: Cast, frame: Frame) -> bool:
    if term.is_class:
        if term.word not in cast.classes(token):
            return term.anywhere and any(term.word in cast.classes(word) for word in about(token))
        return term.word != "abroad" or _is_abroad(token, frame, cast)
    if _is_word(token, term) or any(_is_word(child, term) for child in children(token, "appos")):
        return True
    if token.pos_ == "PRON" and any(_is_word(noun, term) for noun in cast.referents(token)):
        return True
    return term.anywhere and any(_is_word(word, term) for word in about(token))


def _is_word(token: Token, term: Term) -> bool:
    return token.lower_.startswith(term.word) if term.is_prefix else term.word in token.forms


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
    # Macron's aide met Starmer's adviser: neither leader was there.
    own = wanted == "leader" and frame.kind == "verb"
    slots = (*_PARTY_SLOTS, *BESIDE) if own and len(frame.tokens) > 1 else _PARTY_SLOTS
    for slot in (slot for slot in slots if not (own and slot == "poss")):
        fillers = frame.slot(slot)
        if slot in BESIDE:  # "paid a call on"
            fillers = [*fillers, *(t for word in frame.tokens[1:] for t in behind(word, slot))]
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
            # "Europe's leaders" are of no one place.
            ids = {p.id for p in cast.resolve(token) if wanted != "leader" or not p.id.startswith("place:")}
            if len(cast.parties(token)) == 2 or (token.tag_ == "NNS" and _are_several(token, ids, slot)):
                return True
            if wanted == "leader" and token.tag_ == "NNS" and not ids and _are_of_states(token):
                ids = {token.lower_}
            # A leader of no known country may be anybody's; one whose country is said settles that.
            seen |= ids or ({token.lower_} if wanted != "leader" or token.tag_ != "NNS" else set())
            if len(seen) >= 2 and (wanted != "leader" or any(one.isupper() or ":" in one for one in seen)):
                return True  # of "the president met the king" nobody knows that they are of two states
    return wanted == "leader" and frame.kind == "noun" and len(seen | _leaders_gathered(frame, cast)) > 1


def _leaders_gathered(frame: Frame, cast: Cast) -> set[str]:
    """The leaders who flew in "for talks with", who agreed "after a meeting", who spoke "during their talks"."""
    _, _, preposition = governor(frame.head)
    if preposition is not None and preposition.lower_ in {"before", "to"}:
        return set()  # "shook hands before talks"
    return {
        p.id
        for token in gathered(frame)
        if "leader" in cast.classes(token)
        for p in cast.resolve(token)
        if not p.id.startswith("place:")
    }


def _are_of_states(leaders: Token) -> bool:
    """ "Gulf leaders", "the presidents of five states": heads of some states, whichever."""
    regions, countries = lexicon().words("roles", "of_several"), lexicon().words("roles", "country")
    offices = {"prime", "foreign", "defence", "defense", "interior", "finance", "economy", "trade", "top", "senior"}
    if any(c.dep_ in {"amod", "compound", "nmod"} and c.lower_ in regions - offices for c in leaders.children):
        return True
    return any(noun.lemma_.lower() in countries or noun.ent_type_ in {"GPE", "LOC"} for noun in behind(leaders, "of"))


def _are_several(token: Token, ids: set[str], slot: str) -> bool:
    """Does a plural name several parties by itself: "the leaders met", "talks between the governments"?"""
    if slot not in {"subject", "between", "of", "poss"}:
        return False
    if len(ids) >= 2 or any(identifier.startswith("organisation:") for identifier in ids):
        return True
    regions = lexicon().words("roles", "of_several")
    plainly = regions | lexicon().words("roles", "plain_leaders")
    qualified = any(
        child.dep_ in {"amod", "compound", "nmod", "poss"} and child.lower_ not in plainly for child in token.children
    )
    return not ids and not qualified
