"""Who did it and to whom: the participants of one event, from the slots that the ontology names for its trigger.

What a phrase stands for is decided in `actors`; the place of the event is found in `places`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from topics.annotations import Participant
from workers.annotate.actors import Cast
from workers.annotate.frames import Frame, is_receipt
from workers.annotate.goals import receivers_of
from workers.annotate.ground import is_beside_post, is_where, of_ground, of_post
from workers.annotate.lexicon import lexicon
from workers.annotate.objects import objects_of
from workers.annotate.ontology import EventType
from workers.annotate.places import Place
from workers.annotate.syntax import (
    agents_of,
    behind,
    children,
    governor,
    has_child,
    is_passive,
    is_verbal,
    subjects_of,
)
from workers.annotate.triggers import Candidate
from workers.annotate.words import Token

_PARTY_SLOTS = ("subject", "object", "with", "between", "among", "poss", "nation", "by", "of")
BESIDE = ("on", "from", "across", "opposite", "beside", "alongside")
"""Where the other stands in "paid a call on", "sat across from"."""
_HELD = frozenset({"talk", "negotiation", "meeting", "summit", "discussion", "dialogue", "consultation"})
_ON_THINGS = frozenset({"agree", "discuss", "review", "debate", "sign", "ink", "seal", "adopt", "approve", "negotiate"})
_GATHERING = frozenset({"at", "during", "for", "in", "after", "before", "to", "under", "over", "following"})


def participants(
    candidate: Candidate, kind: EventType, cast: Cast, place: Place | None
) -> tuple[list[Participant], list[Participant]]:
    """Actors and targets of a candidate; of a symmetric type all parties are actors."""
    frame, trigger = candidate.frame, candidate.trigger
    if kind.symmetric:
        return _parties(frame, cast), []
    actor = _actors(trigger.actor, frame, cast, as_persons="actor" in trigger.personal)
    if not actor and kind.together:
        actor = _exercised(frame, cast)
    partners = [p for slot in kind.together for p in _resolved(frame.slot(slot), cast) if not p.id.startswith("place:")]
    actor = unique([*actor, *partners])
    if not actor:
        actor = _blamed(frame, cast) if kind.on_ground else _both(frame, cast)
    if not actor and kind.spoken:
        actor = _sayers(frame, cast) or _hosts_of_envoy(frame, cast)
    taken = {p.id for p in actor}
    as_persons = "target" in trigger.personal
    target = _targets(trigger.target, frame, cast, taken, as_persons=as_persons, on_ground=kind.on_ground)
    if not target and as_persons:
        people = (cast.nationals(frame.slot(slot)) for slot in trigger.target)
        target = unique(p for named in people for p in named if p.id not in taken)
    if not target and actor:
        target = _mutual(trigger.target, frame, actor) or (
            _echoed(trigger.target, frame, cast, taken) if kind.spoken else []
        )
    if not target and kind.spoken:
        target = _drawn(frame, cast, taken) or _spoken_to(frame, cast, taken)
    if not target and actor and kind.spoken:
        target = _answered(frame, cast, taken)
    if not target and actor and (kind.spoken or kind.abroad):
        target = _shared(frame, cast, taken)
    if not target and actor and kind.abroad and not _is_on_people(trigger.target, frame, cast):
        target = cast.home_of_story(frame.head, taken)
    if not target and kind.on_ground:
        target = of_post(frame, cast, taken) or (of_ground(place, frame, cast) if place is not None else [])
    return actor, target


def _exercised(frame: Frame, cast: Cast) -> list[Participant]:
    """ "Chad's navy fires missiles during a drill": who does a thing in it holds it."""
    verb, relation, preposition = governor(frame.head) if frame.kind == "noun" else (None, "", None)
    if verb is None or relation != "prep" or preposition is None or preposition.lower_ not in {"in", "during"}:
        return []
    acting = [t for t in subjects_of(verb) if cast.classes(t) & {"state", "military"}]
    return unique(p for p in _resolved(acting, cast) if is_public(p) and not p.id.startswith("person:"))


def _hosts_of_envoy(frame: Frame, cast: Cast) -> list[Participant]:
    """ "The Danish ambassador to Mali was summoned": by Mali."""
    if frame.kind != "verb" or frame.head.lemma_.lower() not in lexicon().words("roles", "calling_in"):
        return []
    hosts = [host for envoy in objects_of(frame.head) for host in behind(envoy, "to")]
    return unique(p for p in _resolved(hosts, cast) if is_public(p) and not p.id.startswith("place:"))


def _both(frame: Frame, cast: Cast) -> list[Participant]:
    """Who did it to each other: "ties between Chad and Mali were restored"."""
    found = unique(p for p in _resolved(_between(frame), cast) if not p.id.startswith("place:"))
    return found if len(found) > 1 else []


def _between(frame: Frame) -> Iterator[Token]:
    yield from frame.slot("between")
    for thing in frame.slot("object"):
        yield from behind(thing, "between")


def _actors(slots: Sequence[str], frame: Frame, cast: Cast, *, as_persons: bool) -> list[Participant]:
    """Whoever fills the first of the slots that names anybody; a place does nothing."""
    for slot in slots:
        tokens = frame.slot(slot)
        named = cast.persons(tokens) if as_persons else _resolved(tokens, cast)
        found = unique(p for p in named if not p.id.startswith("place:"))
        if found:
            return found
    return _deniers(frame, cast) or _senders(frame, cast) or _orderers(frame, cast) or _makers(frame, cast)


def _senders(frame: Frame, cast: Cast) -> list[Participant]:
    """Who sends a letter, issues an appeal: the subject of the verb that brings the words on their way."""
    verb, relation, _ = governor(frame.head) if frame.kind != "verb" else (None, "", None)
    if verb is not None and relation == "object" and is_receipt(verb, frame.head):
        return unique(p for p in _resolved(frame.slot("from"), cast) if is_public(p))
    if verb is None or relation != "object" or verb.lemma_.lower() not in lexicon().words("roles", "sending"):
        return []
    return unique(p for p in _resolved(subjects_of(verb), cast) if not p.id.startswith("place:"))


def _orderers(frame: Frame, cast: Cast) -> list[Participant]:
    """ "The court ordered him detained": who has it done."""
    verb = frame.head
    over = next((t for t in verb.ancestors if is_verbal(t)), None)
    if frame.kind != "verb" or verb.tag_ != "VBN" or over is None or verb.dep_ not in {"acl", "ccomp", "xcomp", "oprd"}:
        return []
    ordered = over.lemma_.lower() == "order" and not children(verb, "aux", "auxpass")
    return unique(p for p in _resolved(subjects_of(over), cast) if is_public(p)) if ordered else []


def _sayers(frame: Frame, cast: Cast) -> list[Participant]:
    """ "Chad said that a truce was out of the question": whose words the phrase is."""
    said = lexicon().words("reporting", "say")
    verb = next((t for t in frame.head.ancestors if is_verbal(t) and t.lemma_.lower() in said), None)
    if frame.kind not in {"phrase", "pattern"} or verb is None or is_passive(verb):
        return []
    return unique(p for p in _resolved(subjects_of(verb), cast) if is_public(p))


def _makers(frame: Frame, cast: Cast) -> list[Participant]:
    """ "Sanctions imposed by the Union were extended": whose they are does with them what nobody else is said to do."""
    if frame.kind != "verb" or not is_passive(frame.head):
        return []
    made = lexicon().words("roles", "imposing")
    clauses = (c for thing in frame.slot("object") for c in children(thing, "acl") if c.lemma_.lower() in made)
    return unique(p for c in clauses for p in _resolved(agents_of(c), cast) if is_public(p))


def _deniers(frame: Frame, cast: Cast) -> list[Participant]:
    """Who denies that there was any strike denies his own."""
    if frame.head.dep_ in {"nsubj", "nsubjpass"} and frame.head.head.dep_ == "ROOT":
        return []
    for verb in frame.head.ancestors:
        if is_verbal(verb) and verb.lemma_.lower() in lexicon().words("status", "own_denial"):
            return unique(p for p in _resolved(subjects_of(verb), cast) if not p.id.startswith("place:"))
    return []


def _targets(
    slots: Sequence[str], frame: Frame, cast: Cast, taken: set[str], *, as_persons: bool, on_ground: bool = False
) -> list[Participant]:
    """Whoever fills the first of the slots that names another than the actors, or whose the thing in it is."""
    # With the actor known, what a noun is "of" is acted on: "Germany's condemnation of Iran".
    of = ("object",) if slots and taken and frame.kind == "noun" and "of" not in slots else ()
    for slot in (*slots, *of):
        tokens = frame.slot(slot)
        if on_ground and is_beside_post(slot, tokens, frame):
            continue
        named = cast.persons(tokens) if as_persons else [p for token in tokens for p in cast.touched(token, taken)]
        found = unique(p for p in named if p.id not in taken and not p.id.startswith("place:"))
        if on_ground:  # "shot down a missile from Yemen"
            if found and all(token.lemma_.lower() in lexicon().words("roles", "flying") for token in tokens):
                continue
            found = [p for p in found if not p.id.startswith("organisation:") or not is_where(p, frame, cast)]
        if found:
            return found
    return []


def _mutual(slots: Sequence[str], frame: Frame, actors: list[Participant]) -> list[Participant]:
    """Both, where two did it to "each other" or "traded" it."""
    if len(actors) < 2:
        return []
    verbs = [frame.head, governor(frame.head)[0]]
    traded = any(v is not None and v.lemma_.lower() in lexicon().words("roles", "reciprocal") for v in verbs)
    each = any(_is_the_other(token) for slot in slots for token in frame.slot(slot))
    return actors if traded or each else []


def _is_the_other(token: Token) -> bool:
    return token.lower_ in {"other", "another"} and has_child(token, "each", "the", "one")


def _is_on_people(slots: Sequence[str], frame: Frame, cast: Cast) -> bool:
    """Does it say on which people it is done, though not of what country: "accused the rebels"? Then on no state."""
    acted_on = (cast.classes(token) for slot in slots for token in frame.slot(slot))
    return any("group" in classes and not classes & {"people"} for classes in acted_on)


def _drawn(frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """ "The raid drew a rebuke", "the launch, prompting condemnation": whose the deed is that drew it."""
    verb, relation, _ = governor(frame.head) if frame.kind == "noun" else (None, "", None)
    if verb is None or relation != "object" or verb.lemma_.lower() not in lexicon().words("roles", "drawing"):
        return []
    return _touched(subjects_of(verb), cast, taken)


def _spoken_to(frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """ "In a letter, Chad's leader thanked his Malian counterpart": who is told so gets the letter."""
    preposition = frame.head.head
    if frame.kind != "noun" or frame.head.dep_ != "pobj" or preposition.lower_ not in {"in", "by"}:
        return []
    verb = preposition.head
    return _touched(objects_of(verb), cast, taken) if is_verbal(verb) and not is_passive(verb) else []


def _shared(frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """ "Expelled two Russians and summoned the envoy", "accused Serbia of it and demanded that they leave": the other
    half of what is done names the target."""
    verb = frame.head if is_verbal(frame.head) else governor(frame.head)[0]
    if verb is None:
        return []
    above = [verb.head] if verb.dep_ in {"conj", "advcl"} and is_verbal(verb.head) else []
    hostile = lexicon().words("roles", "against_states")
    for other in (*above, *children(verb, "conj", "advcl")):
        if other.lemma_.lower() in hostile and not any(True for _ in children(other, "nsubj") if other.i > verb.i):
            found = _touched(objects_of(other), cast, taken)
            if found:
                return found
    return []


def _answered(frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """Who did it to those who answer: "Accused by Mali, Chad rejected it", "Mali struck, and Chad vowed to reply"."""
    verb = frame.head
    if frame.kind != "verb":
        return []
    hostile = lexicon().words("roles", "against_states")
    subjects = list(children(verb, "nsubj"))
    for clause in (*(c for s in subjects for c in children(s, "acl", "relcl")), *children(verb, "advcl")):
        if clause.lemma_.lower() in hostile and is_passive(clause):
            return _touched(agents_of(clause), cast, taken)
    other = verb.head if verb.dep_ in {"conj", "ccomp"} and subjects else None
    if other is None or other.i > verb.i or other.lemma_.lower() not in hostile:
        return []
    struck = {p.id for t in objects_of(other) for p in cast.touched(t)}
    return _touched(subjects_of(other), cast, taken) if struck & taken else []


def _touched(tokens: Iterable[Token], cast: Cast, taken: set[str]) -> list[Participant]:
    return unique(p for t in tokens for p in cast.touched(t, taken) if p.id not in taken and is_public(p))


def _blamed(frame: Frame, cast: Cast) -> list[Participant]:
    """ "Shells killed nine, medics said, blaming the rebels": who is blamed has done it."""
    verb = frame.head if is_verbal(frame.head) else governor(frame.head)[0]
    if verb is None:
        return []
    said = [verb.head] if verb.dep_ == "ccomp" else list(children(verb, "parataxis"))
    for above in (verb, *said):
        for clause in children(above, "advcl"):
            if clause.tag_ == "VBG" and clause.lemma_.lower() in {"blame", "accuse"} and clause.i > frame.head.i:
                return unique(p for p in _resolved(objects_of(clause), cast) if is_public(p))
    return []


def _echoed(slots: Sequence[str], frame: Frame, cast: Cast, taken: set[str]) -> list[Participant]:
    """Whose the deed or claim is that the words take up from before: "condemned the attack", "rejected the charge"."""
    # "A step that the junta called an insult": it is the step that is called so.
    above = [frame.head.head] if frame.kind == "verb" and frame.head.dep_ == "relcl" else []
    for token in (*(t for slot in slots for t in frame.slot(slot)), *above):
        found = cast.echoed(token, taken) or cast.asked_for_peace(token, taken)
        if found:
            return unique(found)
    return unique(p for token in frame.slot("for") for p in cast.asked_for_peace(token, taken))


def _resolved(tokens: Iterable[Token], cast: Cast) -> Iterator[Participant]:
    for token in tokens:
        yield from cast.resolve(token) or cast.parties(token)


def _parties(frame: Frame, cast: Cast) -> list[Participant]:
    slots = (*_PARTY_SLOTS, *BESIDE) if frame.kind == "verb" and len(frame.tokens) > 1 else _PARTY_SLOTS
    near = [t for slot in slots for t in frame.slot(slot) if slot != "nation" or not _is_venue(t, cast)]
    if frame.kind == "verb" and frame.head.lemma_.lower() in _ON_THINGS:
        things = {t for t in frame.slot("object") if cast.mention_at(t) is None and "human" not in cast.classes(t)}
        near = [t for t in near if t not in things]  # "agreed new Russia sanctions"
    near += [t for slot in slots[len(_PARTY_SLOTS) :] for word in frame.tokens[1:] for t in behind(word, slot)]
    fillers = [t for f in near for t in (f, *cast.companions(f))]
    found = unique(_resolved((t for t in fillers if not _only_announces(t)), cast))
    if len(found) == 1:  # "a contract with Chad's state oil company"
        firms = [t for slot in ("with", "between") for t in frame.slot(slot) if "company" in cast.classes(t)]
        found = unique([*found, *(p for t in firms for p in cast.owners(t) if is_public(p))])
    if len(found) == 1:
        found = unique([*found, *_resolved(_dealt_with(frame), cast)])
    if len(found) < 2:
        people = list(gathered(frame))
        if any(cast.classes(token) & {"state", "person", "org", "company"} for token in people):
            found = unique([*found, *_resolved(people, cast)])
    if not found and frame.kind == "verb":  # "US-Chinese talks have made headway"
        held = [t for slot in ("subject", "object") for t in frame.slot(slot) if t.lemma_.lower() in _HELD]
        found = unique(cast.participant(m) for t in held for m in cast.owning(t) if m.kind == "country")
    found = [p for p in found if not p.id.startswith("place:")]
    return found or (cast.pair_here(frame.head) if frame.kind != "verb" else [])


def _is_venue(token: Token, cast: Cast) -> bool:
    """ "The Astana summit": a capital before it says where it was; but "Moscow-Kyiv talks" are of two."""
    mention = cast.mention_at(token)
    return mention is not None and mention.sort == "capital" and len(cast.joined(mention)) == 1


def is_public(participant: Participant) -> bool:
    """Is it a state, a body or a group, and no place?"""
    return not participant.id.startswith("place:")


def gathered(frame: Frame) -> Iterator[Token]:
    """Who held the talks, met at the summit, does something under the deal, tells another so at their meeting."""
    noun = frame.head
    if frame.kind == "verb":
        if noun.dep_ != "acl" or not is_passive(noun):
            return
        noun = noun.head  # "under a deal signed on Monday"
    verb, relation, preposition = governor(noun)
    if verb is None:
        return
    if relation == "prep" and preposition is not None and preposition.lower_ in _GATHERING:
        if preposition.lower_ == "for" and verb.lemma_.lower() in lexicon().words("roles", "asking"):
            return  # "called for talks"
        yield from subjects_of(verb)
        if any(owner.lower_ == "their" for owner in children(noun, "poss")):
            yield from (*objects_of(verb), *receivers_of(verb), *behind(verb, "with"), *behind(verb, "alongside"))
        yield from receivers_of(verb) if preposition.lower_ == "under" else ()
    elif relation in {"object", "attr"} and not _is_judged(verb):
        yield from subjects_of(verb)


def _only_announces(token: Token) -> bool:
    """ "A ceasefire announced by X": X may be a party of it, or not."""
    verb = token.head.head
    return token.head.dep_ == "agent" and verb.lemma_.lower() in lexicon().words("roles", "announcing")


def _is_judged(verb: Token) -> bool:
    """ "X called the meeting useful": who judges it need not have been there."""
    words, lemma = lexicon(), verb.lemma_.lower()
    judges = any(lemma in words.words("status", name) for name in ("reaction", "denying"))
    return judges or bool(children(verb, "oprd"))


def _dealt_with(frame: Frame) -> Iterator[Token]:
    """ "Agreed to buy X from Y", "signed a contract to deliver trains to Y": the other side of a deal."""
    dealing = lexicon().words("roles", "giving") | lexicon().words("roles", "dealing")
    for word in (frame.head, *frame.slot("object"), *frame.slot("into"), *frame.slot("on")):
        for verb in children(word, "xcomp", "acl", "advcl"):
            if verb.lemma_.lower() in dealing and verb.tag_ in {"VB", "VBG"}:
                for thing in (*objects_of(verb), *children(verb, "nsubj")):
                    yield from (thing, *behind(thing, "of"))
                yield from receivers_of(verb)
                for preposition in ("from", "with", "to", "for"):
                    for noun in behind(verb, preposition):
                        yield from (noun, *children(noun, "poss"))


def unique(participants: Iterable[Participant]) -> list[Participant]:
    """The first participant of each id, in order."""
    found: dict[str, Participant] = {}
    for participant in participants:
        found.setdefault(participant.id, participant)
    return list(found.values())
