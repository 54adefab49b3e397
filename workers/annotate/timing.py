"""Which of a sentence's dates is an event's, and what it says of the event's status."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from workers.annotate.background import background_word, generic_word
from workers.annotate.complements import DEPTH, is_reporting, is_speech
from workers.annotate.dates import When
from workers.annotate.known import is_definite
from workers.annotate.lexicon import lexicon
from workers.annotate.milestones import is_milestone, is_of_a_bound, is_running
from workers.annotate.nominals import Walk
from workers.annotate.occasions import earlier_occasion, is_announced, is_hoped, is_on_occasion, tells
from workers.annotate.setting import Setting, is_of_thing, is_of_topic
from workers.annotate.sums import summed_since
from workers.annotate.syntax import children, has_child, is_infinitive, is_verbal
from workers.annotate.words import Sentence, Token

_FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
_BELONGS = frozenset({"compound", "nummod", "amod", "nmod", "poss"})
_FINENESS = {"day": 0, "week": 1, "month": 1, "span": 2, "year": 3}
_UNTIL = ("for ", "until ", "till ", "through ")
_ENDS = lexicon().words("times", "parts") | {"the", "of", "early", "late", "mid"}
_OCCASIONS = frozenset({"after", "following", "since", "over", "despite", "amid"})
_MOVING = frozenset({"extend", "prolong", "postpone", "delay", "defer", "move", "push", "shift"})
_SEQUELS = frozenset({"after", "when", "before", "as"})
_LAST = (["historical: last"], ["historical: previous"], ["historical: earlier"])
_NEW = frozenset({"latest", "new", "now", "current", "this", "today", "recent"})


def apply_times(walk: Walk, setting: Setting, trigger: Token) -> None:
    """Date the event of `walk` by the dates of its sentence."""
    verdict = walk.verdict
    dates = _sorted(walk, setting)
    if dates.own:
        rank, when, meant = min(dates.own, key=lambda found: found[0])
        near = walk.ahead and rank[0] == 0  # "rose ahead of the meeting of 22 February": before or behind us
        turned = when.turned(setting.published, ahead=True) if meant else _directed(walk, setting, when, at=rank[0])
        turned = when.nearest(setting.published) if near and not meant else turned
        _date_by(walk, setting, turned, own=rank[0] == 0, planned=meant and is_announced(walk.path, when))
    else:
        _date_by_others(walk, setting, dates)
    if verdict.status == "actual" and verdict.when is None:
        _apply_background(walk, setting, trigger)
    if setting.chronicle and setting.headline:
        verdict.settle("historical", "chronicle")
    if setting.preview and not setting.headline and not any(map(tells, walk.path)):
        verdict.settle("future", "preview")


@dataclass(slots=True)
class _Dates:
    """The dates of a sentence, sorted by what they have to do with one event."""

    own: list[tuple[tuple[int, int, int], When, bool]] = field(default_factory=list)
    """By nearness, then fineness; and whether "for" or "until" stands before it."""
    near: list[When] = field(default_factory=list)
    """Of conjuncts, reports and main clauses."""
    sequels: list[When] = field(default_factory=list)
    """Of what came before or with it: "collapsed after a ship struck it in March"."""
    aims: list[When] = field(default_factory=list)
    """Of what it is for: "ministers who meet to talk on March 19"."""


def _date_by_others(walk: Walk, setting: Setting, dates: _Dates) -> None:
    """The dates of conjuncts and main clauses count where they take the event out of the news."""
    published = setting.published
    near = [_directed(walk, setting, when) for when in dates.near]
    past = next((when for when in (*near, *dates.sequels) if when.lies(published) == "past"), None)
    ahead = next((when for when in (*near, *dates.aims) if when.lies(published) == "future"), None)
    if past is not None:
        walk.verdict.date_back(past)
    elif ahead is not None and not (walk.settled or _is_past_tense(walk) or _goes_on(walk, ahead)):
        walk.verdict.look_ahead(ahead)


def _sorted(walk: Walk, setting: Setting) -> _Dates:
    dates = _Dates()
    if not setting.times:
        return dates
    place = {token.i: n for n, token in reversed(list(enumerate(walk.path)))}
    shared = {token.i for token in (*walk.near, *walk.reports)}
    timed = {
        c.i
        for token in walk.path
        for c in children(token, "advcl")
        if has_child(c, *_SEQUELS) and c.tag_ != "VBG" and c.lemma_.lower() != "do"
    }
    for token, when in setting.times:
        if (clause := _clause_when(walk, when, token.doc.text)) is not None:
            meant = when if clause.tag_ == "VBD" else when.turned(setting.published, ahead=True)  # "when it votes"
            dates.own.append(((0, _FINENESS[when.granularity], when.start), replace(meant, other=None), False))
            continue
        if (token.i not in place and is_milestone(token, when, setting)) or _is_of_a_year(token):
            continue
        anchor = _anchor(token, when, place)
        if anchor in place and _is_out_of_tense(token.doc[anchor], when, setting):
            continue
        if place.get(anchor) != 0 and _is_beside(walk, token, when, setting):
            dates.own.append(((0, _FINENESS[when.granularity], when.start), when, False))
        elif anchor in place:
            rank = (place[anchor], _FINENESS[when.granularity], when.start)
            dates.own.append((rank, when, _is_meant_for(token, when)))
        elif anchor >= 0 and is_hoped(token, token.doc[anchor]):
            continue
        elif (
            anchor in shared
            or (not when.lasting and _follows(token.doc, anchor, place))
            or _closes(when, anchor, token, place)
        ):
            dates.near.append(
                _told_on(when, anchor, setting, token.doc)
            )  # "in March Washington said Moscow was sending"
        elif _is_aim(token.doc, anchor, place):
            dates.aims.append(when.turned(setting.published, ahead=True))
        elif anchor in timed:
            dates.sequels.append(when)
    return dates


def _is_beside(walk: Walk, token: Token, when: When, setting: Setting) -> bool:
    """ "Has become an issue in the elections later this month": what was done by now is not dated by what is ahead."""
    noun = walk.path[0]
    if noun.pos_ != "NOUN" or when.lies(setting.published) != "future" or when.other is not None:
        return False
    before = "".join(word.text + word.whitespace_ for word in noun.doc[: noun.i + 1])
    between = noun.doc.text[len(before) : when.start].split()
    verb = next((word for word in token.ancestors if is_verbal(word)), None)
    told = verb is not None and (verb.tag_ == "VBD" or has_child(verb, "has", "have", "had", "was", "were"))
    return told and (not between or between in (["in"], ["on"], ["later"]))


def _clause_when(walk: Walk, when: When, text: str) -> Token | None:
    """ "The first since March, when it fired": what a clause with "when" right behind a date tells is of that date.

    The clause's verb; None if there is none.
    """
    if not text[when.end :].lstrip(", ").lower().startswith("when "):
        return None
    last = when.words.split()[-1].lower()
    for verb in (token for token in walk.path if token.tag_ in _FINITE):
        for word in (c for c in verb.children if c.lower_ == "when" and 1 < c.i < verb.i):
            before = word.nbor(-2) if word.nbor(-1).text == "," else word.nbor(-1)
            if before.lower_ == last:
                return verb
    return None


def _is_out_of_tense(word: Token, when: When, setting: Setting) -> bool:
    """A verb in the present is not dated by the past: "the front is near Aksu, scene of fighting in 1983"."""
    if setting.headline or word.tag_ not in {"VBZ", "VBP"} or not is_verbal(word):
        return False
    words = {c.lower_ for c in word.children if c.dep_ in {"aux", "auxpass"}}
    if word.doc.text[when.end : when.end + 1] == ":":
        return False  # "1964: China tests a bomb"
    return not words and when.other is None and not when.lasting and when.lies(setting.published) == "past"


def _told_on(when: When, anchor: int, setting: Setting, sentence: Sentence) -> When:
    """ "'We stand by them,' he said on Monday": the day that somebody spoke lies back, in whatever tense he did."""
    if anchor >= 0 and sentence[anchor].tag_ == "VBD" and is_reporting(sentence[anchor]):
        return replace(when.turned(setting.published, ahead=False), other=None)
    return when


def _is_of_a_year(token: Token) -> bool:
    """ "The Easter Sunday bombings of 2019": the year behind says which Sunday."""
    if token.dep_ != "compound":
        return False
    of = (year for prep in children(token.head, "prep") if prep.lower_ == "of" for year in children(prep, "pobj"))
    return any(year.text.isdigit() and len(year.text) == len("2019") for year in of)


def _is_aim(sentence: Sentence, anchor: int, own: dict[int, int]) -> bool:
    if anchor < 0:
        return False
    verb = sentence[anchor]
    return is_infinitive(verb) and verb.dep_ in {"advcl", "xcomp"} and verb.head.i in own


def _is_meant_for(token: Token, when: When) -> bool:
    """ "called an election for 5 March", "put off until June"."""
    before = token.doc.text[max(0, when.start - 24) : when.start].lower().split()
    while before[-1:] and before[-1] in _ENDS:
        before.pop()  # "until the end of April"
    before = before[-1:]
    if token.dep_ in {"poss", "compound", "amod", "nmod"} and before == ["for"]:
        return False  # "retaliation for Tuesday's raid"
    if before == ["to"] and token.head.dep_ == "prep" and token.head.head.lemma_.lower() in _MOVING:
        return True
    return when.words.lower().startswith(_UNTIL) or (bool(before) and f"{before[0]} " in _UNTIL)


def _follows(sentence: Sentence, anchor: int, own: dict[int, int]) -> bool:
    """ "shelled the town, killing nine in March": what an act brought about is dated with it."""
    if anchor < 0:
        return False
    verb = sentence[anchor]
    if verb.tag_ != "VBG" or is_speech(verb):
        return False  # "lifted the ban, citing the return of calm after the vote in March"
    if verb.dep_ == "advcl" and not any(c.dep_ == "mark" for c in verb.children):
        return verb.head.i in own
    return verb.dep_ == "pcomp" and verb.head.dep_ == "agent" and verb.head.head.i in own


def _closes(when: When, anchor: int, token: Token, own: dict[int, int]) -> bool:
    """ "Imposed the measures and withdrew the loans in 1982": a month or year behind the second dates both."""
    if anchor < 0 or when.granularity not in {"month", "year"} or when.other is not None:
        return False
    verb = token.doc[anchor]
    joined = verb.dep_ == "conj" and verb.tag_ == "VBD" and verb.head.tag_ == "VBD" and verb.head.i in own
    return joined and token.i > anchor and not any(children(verb, "nsubj", "nsubjpass"))


def _directed(walk: Walk, setting: Setting, when: When, *, at: int = 0) -> When:
    """The reading of "on Friday" or "in July" that the tense of the event asks for; it hangs on `walk.path[at]`."""
    if when.other is None:
        return when
    status = walk.verdict.status
    if status in {"future", "hypothetical"}:
        return when.turned(setting.published, ahead=True)
    verbs = [token for token in walk.path if is_verbal(token)]
    decreed = walk.settled and at < len(walk.path) and is_infinitive(walk.path[at])
    verb = next((token for token in verbs if decreed or not is_infinitive(token)), verbs[0] if verbs else None)
    timed = when.granularity == "day" and (verb is None or (is_infinitive(verb) and not decreed))
    if timed and is_on_occasion(walk.path[0]):
        # "failed to settle it in talks on Monday", "welcomed the plan during a visit on Monday"
        above = walk.path[0].head.head
        while is_infinitive(above) and above.dep_ in {"xcomp", "advcl"} and is_verbal(above.head):
            above = above.head
        verb = above if above.tag_ == "VBD" else verb
    if verb is None or status == "negated":
        return when
    return _by_tense(walk, verb, setting, when, at=at)


def _by_tense(walk: Walk, verb: Token, setting: Setting, when: When, *, at: int) -> When:
    """The reading that the tense of the verb over the event asks for."""
    if verb.tag_ == "VBZ" and not any(map(is_verbal, walk.path[: at + 1])):
        if not (walk.kind.arranged or walk.kind.at_home):
            return when.turned(setting.published, ahead=False)
        return when.nearest(setting.published)  # "the withdrawal of its envoy on May 22 confirms it"
    perfect = any(
        c.dep_ in {"aux", "auxpass"} and c.lower_ in {"has", "have", "had", "was", "were", "did"} for c in verb.children
    )
    present = any(c.dep_ == "auxpass" and c.lower_ in {"is", "are", "'s", "'re"} for c in verb.children)
    if verb.doc.text[when.end : when.end + 1] == ":":  # a time-line's "2 March: Chad fires a missile"
        return when.turned(setting.published, ahead=setting.preview)
    if (verb.tag_ in {"VBD", "VBN"} and not present) or perfect:
        return when.turned(setting.published, ahead=False)
    told = verb.tag_ in {"VBZ", "VBP", "VB"} and not setting.headline and not has_child(verb, "has", "have")
    if told or (present and has_child(verb, "when", "once", "until")):
        return when.turned(setting.published, ahead=True)  # "he meets the king on Friday", "when he is tried in May"
    return when


def _date_by(walk: Walk, setting: Setting, when: When, *, own: bool = False, planned: bool = False) -> None:
    """`own`: the date hangs on the event's own word; `planned`: it is the one that somebody set."""
    verdict, where = walk.verdict, when.lies(setting.published)
    if where == "future" and _goes_on(walk, when):
        return
    verdict.when = when
    later = walk.path[0].doc.text[: when.start].lower().endswith("later ")  # "they meet later today"
    told = _is_past_tense(walk) and not planned and not (later and own)
    if where == "news" and own and when.granularity == "day" and verdict.status == "historical":
        before = walk.path[0].doc.text[: when.start].lower().rstrip()
        if verdict.because[-1:] in _LAST or before.removesuffix(" on").endswith("most recently"):
            verdict.status = "actual"  # "at their last summit, on Tuesday"
    if where == "past":
        if own and verdict.status == "future" and walk.ahead:
            verdict.status = "actual"  # "rose ahead of the meeting of 22 February", told in March
        verdict.date_back(when)
    elif (where == "future" or later) and not (walk.settled or told):
        verdict.look_ahead(when)


def _goes_on(walk: Walk, when: When) -> bool:
    """ "The missiles are on show until Sunday": what ends ahead of us goes on now."""
    before = walk.path[0].doc.text[: when.start].lower().split()[-2:]
    if not when.words.lower().startswith(_UNTIL[1:]) and {"until", "till", "through"}.isdisjoint(before):
        return False
    verb = next((token for token in (*walk.path, *walk.near, *walk.reports) if is_verbal(token)), None)
    return verb is not None and verb.tag_ in {"VBZ", "VBP"} and not any(c.dep_ == "aux" for c in verb.children)


def _apply_background(walk: Walk, setting: Setting, trigger: Token) -> None:
    verdict = walk.verdict
    opening, frame = setting.opening, setting.frame
    summed = summed_since(walk, setting)
    if summed is not None:
        verdict.when = summed
        verdict.date_back(summed)
    elif opening is not None and _is_past(opening, setting) and not is_milestone(None, opening, setting):
        verdict.when = opening  # "In 1985 200 people drowned after two ferries sank"
        verdict.date_back(opening)
    elif frame is not None and not (setting.compares and is_running(frame, setting)) and not _is_of_now(walk):
        verdict.date_back(frame)  # "troops invaded in 1989 to oust the general, who was later jailed"
    elif (
        walk.background is not None
        and not (setting.headline and walk.background is trigger)
        and (walk.kind.lasting or not setting.has_news)
    ):
        verdict.settle("historical", walk.background.text)  # "the countries that Sweden had blacklisted"
    elif setting.long_on and (
        setting.headline or is_definite(trigger) or trigger.dep_ in {"relcl", "advcl", "ccomp", "acl"}
    ):
        verdict.settle("historical", setting.long_on)
    elif setting.carried is not None and _is_told_in_the_past(walk):
        verdict.settle("historical", setting.carried.words)
    elif setting.page is not None and not setting.has_news and _is_told_in_the_past(walk):
        verdict.settle("historical", setting.page.words)
    elif not setting.has_news and (earlier := earlier_occasion(walk.path)) is not None:
        verdict.settle("historical", earlier.text)
    elif (only := _only_date(walk, setting)) is not None:
        verdict.when = only
        verdict.date_back(only)
    elif word := background_word(walk, trigger, setting.published):
        verdict.settle("historical", word)
    elif not setting.headline and (word := generic_word(walk, trigger)):
        verdict.settle("hypothetical", word)


def _only_date(walk: Walk, setting: Setting) -> When | None:
    """The past in which a sentence of one clause stands, whatever word the parser hangs it on."""
    if setting.compares or not setting.times or not all(_is_past(when, setting) for _, when in setting.times):
        return None
    token, when = setting.times[0]
    clauses = [t for t in token.doc if t.tag_ in _FINITE or (t.tag_ == "VBN" and t.dep_ != "amod")]
    if len(clauses) != 1 or clauses[0] not in walk.path or token.dep_ in _BELONGS or token.head.dep_ in _BELONGS:
        return None
    over = next((t for t in token.ancestors if is_verbal(t)), None)
    over_act = over is not None and is_speech(over) and over not in walk.path
    return None if is_of_topic(token) or over_act or any(map(is_of_thing, token.ancestors)) else when


def _is_past(when: When, setting: Setting) -> bool:
    return when.lies(setting.published) == "past"


def _is_of_now(walk: Walk) -> bool:
    """ "signed a truce in May, but has attacked daily": the perfect and the present do not share a past date."""
    verb = next((token for token in walk.path if is_verbal(token)), None)
    return verb is not None and (verb.tag_ in {"VBZ", "VBP"} or has_child(verb, "has", "have", "is", "are"))


def _is_told_in_the_past(walk: Walk) -> bool:
    verb = next((token for token in walk.path if is_verbal(token)), None)
    if verb is None or not (verb.tag_ == "VBD" or has_child(verb, "was", "were", "had")):
        return False
    return _NEW.isdisjoint(token.lower_ for token in verb.doc)


def _anchor(token: Token, when: When, own: dict[int, int]) -> int:
    """The first word above a date that is the event's, or a verb; -1 if there is none."""
    head = token.head
    if head.lower_ in lexicon().words("times", "parts") and head.dep_ == "pobj" and head.i not in own:
        token, head = head.head, head.head.head  # "since the start of 2022"
    foreign = head.pos_ == "NOUN" and head.i not in own and head.dep_ not in {"dobj", "nsubjpass"}
    if when.lasting and token.i not in own and foreign:
        return -1  # "under sanctions since 2006"
    modifies = token.dep_ in _BELONGS and head.pos_ in {"NOUN", "PROPN"}
    if is_of_topic(token) and head.i not in own:
        return -1
    part_of_day = head.lower_ in lexicon().words("times", "parts")
    if modifies and token.i not in own and head.i not in own and not part_of_day and not _strikes(head):
        return -1  # "convicted of murder over the 2009 shooting"
    first = token
    for _ in range(DEPTH):
        if token.i not in own and (_is_another(token, when, own) or is_of_a_bound(token, first) or is_of_thing(token)):
            return -1
        if token.i in own or (is_verbal(token) and token.dep_ not in {"aux", "auxpass"}):
            return token.i
        if token.head == token:
            break
        token = token.head
    return -1


def _is_another(token: Token, when: When, own: dict[int, int]) -> bool:
    """Does a date under `token` belong to another thing than the verb above?"""
    if token.dep_ == "nsubj" and not _strikes(token) and when.granularity != "day":
        return True  # "the winner of the vote in March resigned"
    if token.pos_ == "ADJ" and token.dep_ == "amod":
        return True  # "payments due in 1987"
    of = token if token.lower_ == "of" else token.head
    if when.granularity != "year" or of.lower_ != "of" or token.dep_ not in {"pobj", "prep"}:
        return False
    noun = of.head  # "lifted the embargo after the coup of 2023"
    return noun.dep_ == "pobj" and noun.head.lower_ in _OCCASIONS and noun.i not in own and noun.lower_ not in _ENDS


def _strikes(noun: Token) -> bool:
    """ "March's quake killed 20": the date of a happening is that of its effect."""
    return noun.dep_ == "nsubj" and noun.head.lemma_.lower() in lexicon().words("status", "striking")


def _is_past_tense(walk: Walk) -> bool:
    verbs = [token for token in walk.path if is_verbal(token)]
    return bool(verbs) and verbs[-1].tag_ in {"VBD", "VBN"}
