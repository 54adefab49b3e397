"""What tells, without a date, that an event lies back: another war, an old exhibition, a court, a count of many."""

from __future__ import annotations

from collections.abc import Iterator

from workers.annotate.forms import words_of_sentence
from workers.annotate.known import is_definite
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word, negation_of
from workers.annotate.nominals import Walk
from workers.annotate.syntax import behind, children, has_child, is_infinitive, is_verbal
from workers.annotate.tenses import is_bare_present
from workers.annotate.words import Token

_ANY = frozenset({"any", "all"})
_RULING = frozenset({"hear", "rule", "find", "tell", "convict", "decide", "order", "hold"})
_RECALLING = frozenset({"nsubj", "nsubjpass", "dobj", "pobj"})
_ABLE = frozenset({"able", "capable"})
_TELLS = frozenset({"verify"})
_SAID = frozenset({"report", "fear"})
_OPENINGS = ("so far", "to date", "up to now", "thus far")
_BOUNDS = frozenset({"until", "till", "before", "prior"})
_MANY = frozenset({"several", "many", "numerous", "countless", "dozens", "scores", "various"})
_UNDOING = frozenset(
    {
        "lift",
        "revoke",
        "repeal",
        "rescind",
        "waive",
        "scrap",
        "cancel",
        "reverse",
        "remove",
        "withdraw",
        "annul",
        "undo",
        "drop",
    }
)
_COURTS = frozenset({"court", "judge", "jury", "inquest", "coroner", "tribunal"})
_RESTRICTED = frozenset({"relcl", "acl", "advcl", "ccomp", "pcomp"})
_OF_A_TIME = frozenset({"in", "during", "throughout", "of", "from", "since", "after", "at"})
_SPANS = frozenset(
    {"night", "day", "morning", "hour", "week", "month", "year", "start", "end", "beginning", "height", "course",
     "stage", "phase", "peak", "middle", "rest"}
)  # fmt: skip
_SHORTLY = frozenset({"right", "just", "shortly", "immediately"})
_AN_HOUR = frozenset({"second", "minute", "hour", "moment"})
_TONIGHT = frozenset({"tonight", "today", "overnight"})
_STATES = frozenset({"have", "carry", "weigh", "measure", "cost", "use", "resemble", "belong", "bear", "contain"})


def bygone_word(walk: Walk, trigger: Token) -> str:
    """The word by which an event without a date lies back; empty if there is none."""
    found = _of_that_time(walk) or _before_an_era(walk) or _times_over(walk) or _each(trigger) or _undone(trigger)
    if walk.kind.one_doer or walk.kind.symmetric or walk.kind.on_ground:
        found = found or _of_relics(trigger)
    if not found and walk.kind.one_doer:
        found = _told_in_court(trigger) or _several(trigger) or _so_far(walk) or _more_than_ever(walk)
    return found


def _verbs(walk: Walk) -> Iterator[Token]:
    return (token for token in walk.path if is_verbal(token))


def _of_that_time(walk: Walk) -> str:
    """ "On the opening night of that campaign", "since the war, when both sides fired": a time that is over."""
    eras = lexicon().words("status", "eras")
    if not walk.path or eras.isdisjoint(words_of_sentence(walk.path[0].doc)):
        return ""
    for verb in _verbs(walk):
        for word in verb.subtree:
            if word.lemma_.lower() in eras and has_child(word, "that", "those") and _is_when(word):
                return word.text
        if has_child(verb, "when") and verb.tag_ == "VBD":
            since = (t for t in verb.head.subtree if t.lower_ == "since" and t.i < verb.i)
            if any(noun.lemma_.lower() in eras for t in since for noun in children(t, "pobj")):
                return "since"
    return ""


def _is_when(era: Token) -> bool:
    """ "During that war", "on a night of that war"; "in support of that campaign" is no time."""
    bound = era.head
    if era.dep_ != "pobj" or bound.lower_ not in _OF_A_TIME:
        return False
    return bound.lower_ != "of" or bound.head.lemma_.lower() in _SPANS


def _before_an_era(walk: Walk) -> str:
    """ "Fired missiles at the north almost daily until the truce"."""
    eras = lexicon().words("status", "eras")
    for verb in _verbs(walk):
        if verb.tag_ != "VBD" and not has_child(verb, "had", "was", "were"):
            continue
        for bound in (c for c in children(verb, "prep") if c.lower_ in _BOUNDS):
            noun = next((n for n in children(bound, "pobj") if n.lemma_.lower() in eras and is_definite(n)), None)
            if noun is not None and not _is_close(bound, noun):
                return f"{bound.text} {noun.text}"
    return ""


def _is_close(bound: Token, noun: Token) -> bool:
    """ "Right until the truce at noon", "hours before the truce": that is not the time before it, but its last hour."""
    near = any(c.lower_ in _SHORTLY for c in children(bound, "advmod", "amod"))
    hours = any(c.lemma_.lower() in _AN_HOUR for c in children(bound, "npadvmod"))
    return near or hours or any(c.lower_ in {"at", "on"} for c in children(noun, "prep"))


def _times_over(walk: Walk) -> str:
    """ "The power station, hit by missiles a dozen times, is being rebuilt"; what sank of it is news."""
    verb = next(_verbs(walk), None)
    if verb is None or verb.tag_ != "VBN" or verb.dep_ not in {"acl", "relcl"}:
        return ""
    then = verb.head.head
    if then.tag_ == "VBD" and (is_status_word(then, "succumbing") or has_child(then, "fire")):
        return ""
    words = (*verb.children, *(t for agent in children(verb, "agent") for t in agent.subtree))
    return next((t.text for t in words if t.lower_ == "times" and t.dep_ in {"npadvmod", "dobj"}), "")


def _of_relics(trigger: Token) -> str:
    """ "Veterans remembered how the missile struck": what a commemoration, an exhibition or an archive tells of."""
    clause = next((t for t in (trigger, *trigger.ancestors) if is_verbal(t)), None)
    if clause is None or clause.dep_ not in _RESTRICTED:
        return ""
    words = lexicon()
    relics = words.words("status", "relics")
    said = (words.words("reporting", "say") | _SAID) - {"recall"}
    below = clause
    for above in clause.ancestors:
        if not is_verbal(above):
            told = [above]
        elif below.dep_ == "advcl":
            return ""  # "the memorial shook when a missile struck"
        else:
            told = [*children(above, "nsubj", "dobj", "nsubjpass")]
            if above.lemma_.lower() in said:  # a plaque tells of what was; a veteran may speak of today
                told = [t for t in told if not is_status_word(t, "elders")]
            below = above
        found = next((t.text for t in told if t.lemma_.lower() in relics and t.dep_ in _RECALLING), "")
        if found:
            return found
    return ""


def _told_in_court(trigger: Token) -> str:
    """ "A court heard how the missile was launched", "it must pay for the ship that was hit, a judge ruled"."""
    for verb in (t for t in trigger.ancestors if is_verbal(t) and t.lemma_.lower() in _RULING):
        judges = (t for t in children(verb, "nsubj") if t.lemma_.lower() in _COURTS)
        court = next(judges, None)
        if court is not None:
            return court.text
    return ""


def _several(trigger: Token) -> str:
    """ "Has overseen several missile launches": a count up to now."""
    if trigger.tag_ != "NNS" or trigger.dep_ != "dobj" or not has_child(trigger.head, "has", "have"):
        return ""
    return next((c.text for c in children(trigger, "amod") if c.lower_ in _MANY), "")


def _so_far(walk: Walk) -> str:
    """ "So far only sounding rockets have flown from there": what has been up to now is no news of one.

    "So far 70 have been fired in the attack" is: it goes on.
    """
    for verb in (token for token in _verbs(walk) if has_child(token, "has", "have")):
        if _is_under_way(verb):
            continue
        opening = verb.doc.text.lower().startswith(_OPENINGS) and verb.dep_ not in {"relcl", "acl", "advcl"}
        if opening or any(c.lower_ == "far" and has_child(c, "so", "thus") for c in children(verb, "advmod")):
            return "so far"
    return ""


def _is_under_way(verb: Token) -> bool:
    """Is what has been so far counted in an attack that goes on: "in the salvo", "tonight"?"""
    if any(t.lower_ in _TONIGHT for t in verb.doc):
        return True
    nouns = (n for c in children(verb, "prep") if c.lower_ in {"in", "during"} for n in children(c, "pobj"))
    return any(is_status_word(noun, "strokes") and is_definite(noun) for noun in nouns)


def _more_than_ever(walk: Walk) -> str:
    """ "Has tested more missiles than in any year before": a count."""
    for verb in (token for token in _verbs(walk) if has_child(token, "has", "have")):
        for noun in children(verb, "dobj", "nsubjpass"):
            more = next((c for c in children(noun, "amod") if c.lower_ in {"more", "fewer"}), None)
            than = next((t.i for t in noun.doc[noun.i :] if t.lower_ == "than"), len(noun.doc))
            if more is not None and not _ANY.isdisjoint(t.lower_ for t in noun.doc[than + 1 : than + 4]):
                return more.text
    return ""


def _undone(trigger: Token) -> str:
    """ "Lifted the sanctions that it had imposed", "revoked the ban it announced": what is undone was done before."""
    undone = trigger.head
    if trigger.dep_ != "relcl" or trigger.tag_ not in {"VBD", "VBN"} or undone.dep_ not in {"dobj", "nsubjpass"}:
        return ""
    return undone.head.text if undone.head.lemma_.lower() in _UNDOING else ""


def _each(trigger: Token) -> str:
    """ "At every summit of the bloc they object": of many times."""
    if trigger.pos_ != "NOUN":
        return ""
    return next((c.text for c in children(trigger, "det") if c.lower_ in {"every", "each"}), "")


def ability_word(trigger: Token) -> str:
    """The word that makes of "a missile fired from afar" what something is able to meet, or what one is like.

    "Can track a missile fired from the sea", "was designed to stop missiles launched from Iran", "the missile, fired
    from a submarine, has a range of 8,000 km".
    """
    if trigger.tag_ != "VBN" or trigger.dep_ != "acl" or behind(trigger, "by"):
        return ""
    noun = trigger.head
    verb = noun.head if noun.dep_ in {"dobj", "nsubj"} else noun.head.head
    if not is_verbal(verb):
        return ""
    if noun.dep_ == "nsubj":
        return verb.text if _describes(verb, noun, trigger) else ""
    if is_definite(noun) or bool(children(noun, "nummod")):
        return ""
    able = next((c for c in children(verb, "aux") if c.lower_ == "can"), None)
    if able is not None and negation_of(verb) is None:
        says = verb.lemma_.lower() in lexicon().words("reporting", "say") | _TELLS
        return "" if says else able.text  # "can confirm missiles launched from the sea"
    meant = verb.head
    did = meant.lemma_.lower() in _ABLE and (has_child(meant, "was", "were") or meant.head.lower_ in {"was", "were"})
    made = is_infinitive(verb) and verb.dep_ in {"xcomp", "advcl", "acl"} and not did  # "was able to stop missiles"
    return meant.text if made and is_status_word(meant, "meant_for") else ""


def used_for(trigger: Token) -> str:
    """The "used" of "the clause is used to expel spies": what a thing is for happens at any time."""
    verb = trigger.head
    if verb.lemma_.lower() != "use" or verb.tag_ != "VBN" or not is_infinitive(trigger):
        return ""
    return verb.text if has_child(verb, "is", "are") and not has_child(verb, "being") else ""


def _describes(verb: Token, noun: Token, trigger: Token) -> bool:
    """ "The missile, fired from a submarine, has a range of 8,000 km"; what somebody says of it is news of it."""
    apart = noun.i + 1 < trigger.i and noun.nbor().text == ","
    if not apart or not is_bare_present(verb) or verb.lemma_.lower() not in _STATES:
        return False
    said = lexicon().words("reporting", "say")
    return not any(is_verbal(t) and t.lemma_.lower() in said for t in (*verb.ancestors, *children(verb, "parataxis")))
