"""Words right before or behind a trigger that say what it is worth, whatever the parser made of them: "risks arrest",
"threatens to expel", "a faulty pump, not a bomb", a headline's "Summit unlikely".

A small model takes "risks" for a plural and hangs an infinitive on the wrong word; the order of words is sure.
"""

from __future__ import annotations

from collections.abc import Sequence

from topics.annotations import Status
from workers.annotate.lexicon import lexicon
from workers.annotate.modality import is_status_word
from workers.annotate.words import Sentence, Token

_SECOND = 4
"""A second infinitive cannot stand before so many words."""
_PASSIVE = frozenset({"be", "being", "been", "get", "getting"})
_ARTICLES = frozenset({"a", "an", "another", "fresh", "further", "new", "any"})
_CONTRASTING = frozenset({",", "and", "but", ";", "(", "–", "—"})
_PHRASES = frozenset({"of", "between", "with", "on", "in", "to", "at", "for"})
_IN_PHRASE = frozenset({"NOUN", "PROPN", "ADJ", "DET", "NUM", "CCONJ", "PART"})
_PHRASE = 8
"""So many words a phrase behind the noun may have."""
_DEGREES = frozenset({"still", "now", "again", "very", "highly", "increasingly", "less", "more", "not"})
_QUOTES = frozenset({'"', "'", "‘", "’", "“", "”"})
_INFINITIVE: tuple[tuple[Status, str], ...] = (("negated", "refusing"), ("hypothetical", "threatening"))


def _is_listed_infinitive(verb: Token) -> bool:
    """ "President to visit Oslo, meet premier": a headline's second infinitive, whatever the parser hangs it on."""
    if verb.tag_ not in {"VB", "VBP"} or verb.i < _SECOND or verb.nbor(-1).text != ",":
        return False
    before = verb.doc[: verb.i - 1]
    opens = next((t for t in before if t.tag_ == "TO" and t.i + 1 < verb.i and t.nbor().tag_ == "VB"), None)
    if opens is None or opens.i == 0 or opens.nbor(-1).pos_ not in {"NOUN", "PROPN"}:
        return False
    return not any(t.tag_ in {"VBD", "VBZ", "MD", "VBN"} for t in before)


def cue_before(tokens: Sequence[Token]) -> tuple[Status, Token] | None:
    """The status that the words before a trigger give it, and the word that does; None if they give none."""
    first = min(tokens, key=lambda token: token.i)
    doc, i = first.doc, first.i - 1
    while i >= 0 and (doc[i].lower_ in _PASSIVE or doc[i].tag_ == "RB"):
        i -= 1
    if _is_listed_infinitive(first):
        return "future", first
    if i > 0 and doc[i].lower_ == "to" and doc[i].tag_ == "TO":
        for status, name in _INFINITIVE:
            if is_status_word(doc[i - 1], name):
                return status, doc[i - 1]
        return None
    while i >= 0 and (doc[i].lower_ in _ARTICLES or doc[i].pos_ == "ADJ"):
        i -= 1
    if i >= 0 and doc[i].lower_ in lexicon().words("status", "risking"):
        return "hypothetical", doc[i]
    if i > 0 and doc[i].pos_ == "ADP":
        i -= 1
    if i > 0 and doc[i].lower_ == "not" and doc[i - 1].lower_ in _CONTRASTING:
        return "negated", doc[i]
    return None


def cue_behind(tokens: Sequence[Token]) -> tuple[Status, Token] | None:
    """What a headline without "is" says of the noun before: "Summit of the five unlikely", "Visit to Oslo in doubt"."""
    doc = tokens[0].doc
    i = max(token.i for token in tokens) + 1
    found = _predicate(doc, i)
    if found is None and i < len(doc) and doc[i].lower_ in _PHRASES:
        end = i + 1
        while end < len(doc) and end - i < _PHRASE and doc[end].pos_ in _IN_PHRASE and _predicate(doc, end) is None:
            end += 1
        found = _predicate(doc, end) if end > i + 1 else None
    return found


def to_be_held(tokens: Sequence[Token]) -> Token | None:
    """The "to" of "the summit of the League, to be held in Oslo", whatever the parser hangs it on."""
    doc = tokens[0].doc
    i = max(token.i for token in tokens) + 1
    end = i
    while end < len(doc) and end - i < _PHRASE and doc[end].pos_ in _IN_PHRASE | {"ADP"}:
        end += 1
    words = doc[end : end + 4]
    apart = [word.lower_ for word in words[:3]] == [",", "to", "be"] and words[-1].tag_ == "VBN"
    return words[1] if apart else None


def _predicate(doc: Sentence, i: int) -> tuple[Status, Token] | None:
    """A word at `i` that judges what stands before it, and describes no noun behind it."""
    while i < len(doc) and (doc[i].text in _QUOTES or doc[i].lower_ in _DEGREES):
        i += 1
    word = doc[i] if i < len(doc) else None
    after = doc[i + 1] if i + 1 < len(doc) else None
    if word is None:
        return None
    if after is not None and word.lower_ in {"in", "on", "under"}:
        pondered = word.lower_ == "under" and is_status_word(after, "pondering")
        return (
            ("future", after) if is_status_word(after, "unsettled") else ("hypothetical", after) if pondered else None
        )
    if after is not None and word.lower_ == "far":
        return ("hypothetical", word) if after.lower_ in {"off", "away", "from"} else None
    if word.lower_ == "off":
        return ("negated", word) if after is None or after.is_punct or after.pos_ in {"ADP", "SCONJ"} else None
    describes = after is not None and after.pos_ in {"NOUN", "PROPN", "ADJ"} and after.text not in _QUOTES
    judges = word.pos_ in {"ADJ", "ADV"} and is_status_word(word, "hypothetical")
    return ("hypothetical", word) if judges and not describes else None
