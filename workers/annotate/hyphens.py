"""Hyphenated verbs ("test-fired") that the parser does not know: it is shown adverbs in place of the first half.

With "test-fired" the parser loses the object in every longer clause; with "quickly then fired" it does not. The words
of the sentence stay as they are, only its analysis is taken over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from spacy.strings import get_string_id
from spacy.tokens import Doc, Token

_HYPHEN = get_string_id("-")
_STAND_IN = ("quickly", "then")
"""Two words for the two tokens of "test-": an adverb that belongs to the verb, and one that nothing else follows."""


def hyphened(sentence: Doc, verbs: Collection[tuple[str, str]]) -> list[int]:
    """Where such verbs begin. `verbs` has the two halves of every form in small letters: ("test", "fired")."""
    if _HYPHEN not in sentence.to_array("ORTH"):
        return []
    return [
        i
        for i in range(len(sentence) - 2)
        if sentence[i + 1].text == "-"
        and not (sentence[i].whitespace_ or sentence[i + 1].whitespace_)
        and (sentence[i].lower_, sentence[i + 2].lower_) in verbs
    ]


def unhyphened(sentence: Doc, places: Collection[int], pasts: Mapping[str, str]) -> Doc:
    """`sentence`, unparsed, with stand-ins for the first halves of the verbs at `places`.

    `pasts` has past forms by which the verbs are replaced: in a headline "fires" may be taken for a noun.
    """
    words = [token.text for token in sentence]
    spaces = [bool(token.whitespace_) for token in sentence]
    for i in places:
        words[i], words[i + 1] = _STAND_IN
        words[i + 2] = pasts.get(words[i + 2], words[i + 2])
        spaces[i] = spaces[i + 1] = True
    return Doc(sentence.vocab, words=words, spaces=spaces, sent_starts=[i == 0 for i in range(len(words))])


def with_words_of(sentence: Doc, parsed: Doc, places: Collection[int]) -> Doc:
    """The words of `sentence` with the analysis of `parsed`; what hangs on a stand-in ("not") hangs on the verb."""
    verb = {at: i + 2 for i in places for at in (i, i + 1)}
    heads = [verb.get(token.i, verb.get(_carrier(token).i, _carrier(token).i)) for token in parsed]
    made = Doc(
        sentence.vocab,
        words=[token.text for token in sentence],
        spaces=[bool(token.whitespace_) for token in sentence],
        tags=[token.tag_ for token in parsed],
        pos=[token.pos_ for token in parsed],
        morphs=[str(token.morph) for token in parsed],
        lemmas=[token.lemma_ for token in parsed],
        heads=heads,
        deps=[token.dep_ for token in parsed],
    )
    for i in places:
        first, hyphen = made[i], made[i + 1]
        first.tag_, first.pos_, first.dep_, first.lemma_ = "NN", "NOUN", "npadvmod", first.lower_
        hyphen.tag_, hyphen.pos_, hyphen.dep_, hyphen.lemma_ = "HYPH", "PUNCT", "punct", "-"
    return made


def _carrier(token: Token) -> Token:
    """What a token hangs on; of a negation that was hung on an auxiliary, the auxiliary's verb."""
    head = token.head
    return head.head if token.dep_ == "neg" and head.dep_ in {"aux", "auxpass"} else head
