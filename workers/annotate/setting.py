"""What a sentence as a whole says of the events in it: its dates, whose claim it is, what it compares or remembers.

Read once a sentence; `timing` and `status` use it for each trigger.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from workers.annotate.dateglance import glance, may_refer_back
from workers.annotate.dates import When, find_times
from workers.annotate.datewords import ANAPHORIC
from workers.annotate.fiction import invented
from workers.annotate.lexicon import lexicon
from workers.annotate.storytime import OPENING, StoryTime
from workers.annotate.words import Sentence, Token

_INSIDE_DATES = frozenset({"pobj", "prep", "npadvmod", "nummod", "compound", "amod"})
_OF_A_NOUN = frozenset({"det", "nummod", "compound", "amod", "nmod", "poss"})
_ABOUT = frozenset({"over", "about", "against"})
_SOURCE_AFTER = re.compile(r"(?:\s[-–—]\s|:\s|,\s)(?P<source>[^-–—:,]{2,40})$")
_SOURCE_BEFORE = re.compile(r"^(?P<source>[^:]{2,40}):\s")
_SAYS = re.compile(r",\s[^,]{2,40}\s(?:says?|claims?)$|[,\s]\s?(?:says|claims)\s[^,:]{2,30}$")
_TAKES_UP = re.compile(r"(?:It|That|This) (?:was|had been) ")
_BROKEN = frozenset({"breach", "violation", "contravention", "infringement", "defiance"})
_QUOTES = frozenset({'"', "'", "‘", "’", "“", "”"})
_LONG_ON = re.compile(
    r"\b(?:(?:a|one|two|three|four|five|six|seven|eight|nine|ten|\d+|many|some)\s+)?(?:months?|years?|decades?)\s+on\b"
    r"(?=,|$|\s+(?:from|since)\b)",
    re.IGNORECASE,
)


class Setting(NamedTuple):
    """`times`: the dates and the words they hang on; `hearsay`: the word that makes it all somebody's claim."""

    published: date
    times: Sequence[tuple[Token, When]] = ()
    hearsay: str = ""
    compares: bool = False
    long_on: str = ""
    headline: bool = False
    carried: When | None = None
    chronicle: bool = False  # does the title say that the article tells the story of years?
    preview: bool = False  # does the title say that the article lists what is to come?
    page: When | None = None  # the past that the article's title says it is about
    quoted: frozenset[int] = frozenset()  # tokens of a headline that stand in quotation marks
    frame: When | None = None  # the date of the main verb, if the sentence is background throughout
    has_news: bool = False  # is one of the dates of the news window?
    invented: tuple[range, Token] | None = None  # tokens of a tale that is made up, and the word that says so

    @property
    def opening(self) -> When | None:
        """The date that opens the sentence."""
        return next((when for _, when in self.times if when.start <= OPENING), None)


def setting_of(
    sentence: Sentence,
    published: date,
    story_before: Callable[[], StoryTime],
    *,
    headline: bool = False,
    page: When | None = None,
    preview: bool = False,
    chronicle: bool = False,
) -> Setting:
    """The setting of a parsed sentence; `story_before` finds the time of the passage before it, if it is asked for."""
    text = sentence.text
    alone = find_times(text, published)
    story = (
        story_before()
        if not any(when.lies(published) != "past" for when in alone)
        or (may_refer_back(text) and ANAPHORIC.search(text))
        else StoryTime()
    )
    times: list[tuple[Token, When]] = []
    for when in find_times(text, published, story.last) if story.last is not None else alone:
        root = sentence.root_of(when.start, when.end)
        if root is not None:
            times.append((root, when))
    long_on = _LONG_ON.search(text) if "on" in glance(text) else None
    has_news = any(when.lies(published) == "news" for _, when in times)
    bygone = all(when.lies(published) == "past" for _, when in times)  # none at all, too
    words = {token.lower_ for token in sentence}
    return Setting(
        published,
        times,
        _hearsay(sentence, words, headline=headline),
        bool(times) and not lexicon().words("status", "superlatives").isdisjoint(words),
        long_on.group() if long_on else "",
        headline,
        (story.carried if bygone else None) or (story.before if not times and _TAKES_UP.match(text) else None),
        chronicle=chronicle,
        preview=preview,
        page=page,
        quoted=_quoted(sentence) if headline else frozenset(),
        frame=None if has_news else _frame(times, published),
        has_news=has_news,
        invented=invented(sentence),
    )


def _frame(times: Sequence[tuple[Token, When]], published: date) -> When | None:
    """The past date that hangs on the main verb itself, in a sentence that tells a story in the past tense."""
    for token, when in times:
        if is_of_topic(token):
            continue
        top = token
        while top.dep_ in _INSIDE_DATES and top.head != top and top.head.pos_ not in {"VERB", "AUX"}:
            if is_of_thing(top):
                break
            top = top.head
        main = top.head
        words = {c.lower_ for c in main.children if c.dep_ in {"aux", "auxpass"}}
        told = (main.tag_ in {"VBD", "VBN"} and not words) or bool(words & {"was", "were", "had"})
        if main.head == main and main.pos_ in {"VERB", "AUX"} and told and when.lies(published) == "past":
            return when
    return None


def is_of_thing(word: Token) -> bool:
    """ "Called it a breach of the 1974 accord": the date is that of what is broken, and of no act."""
    return word.dep_ == "prep" and word.lower_ == "of" and word.head.lemma_.lower() in _BROKEN


def is_of_topic(token: Token) -> bool:
    """ "Held a protest over the 2024 collapse": the date is that of what it was about."""
    noun = token.head
    modifies = token.dep_ in _OF_A_NOUN and noun.pos_ == "NOUN" and noun.dep_ == "pobj"
    return modifies and noun.head.lower_ in _ABOUT and noun.lower_ not in lexicon().words("times", "parts")


def _quoted(sentence: Sentence) -> frozenset[int]:
    """Tokens between quotation marks; an apostrophe that nothing closes opens nothing."""
    marks = [t.i for t in sentence if t.text in _QUOTES and (t.i == 0 or t.nbor(-1).whitespace_ or not t.whitespace_)]
    doubles = [i for i in marks if sentence[i].text == '"'] or marks
    pairs = zip(doubles[::2], doubles[1::2], strict=False)
    return frozenset(i for first, last in pairs for i in range(first + 1, last))


def _hearsay(sentence: Sentence, words: set[str], *, headline: bool) -> str:
    """ "reportedly", "according to", a headline's "Army: …" or "… - governor": the sentence is somebody's claim."""
    adverbs = lexicon().words("reporting", "adverbs") & words
    if adverbs:
        return min(adverbs)
    if "according" in words:
        for i, token in enumerate(sentence):
            if token.lower_ == "according" and i + 1 < len(sentence) and sentence[i + 1].lower_ == "to":
                return "according to"
    if headline:
        text = sentence.text
        said = _SAYS.search(text)
        if said is not None:
            return said.group().strip(" ,-–—")
        for pattern in (_SOURCE_BEFORE, _SOURCE_AFTER):
            match = pattern.search(text)
            if match is not None and _is_source(match["source"]):
                return match["source"]
    return ""


def _is_source(words: str) -> bool:
    last = words.strip().lower().split()[-1:]
    roles = lexicon()
    known = (
        roles.words("roles", "official")
        | roles.words("roles", "leader")
        | roles.words("roles", "body")
        | roles.words("reporting", "sources")
    )
    return bool(last) and (last[0] in known or last[0].removesuffix("s") in known)
