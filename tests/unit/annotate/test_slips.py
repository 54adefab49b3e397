"""Slips of the tagger, mended by the parse."""

from __future__ import annotations

import spacy
from spacy.tokens import Doc

from workers.annotate.slips import mend_slips
from workers.annotate.words import Sentence

NLP = spacy.blank("en")


def parsed(words: list[str], tags: list[str], heads: list[int], deps: list[str]) -> Sentence:
    pos = ["VERB" if tag.startswith("VB") else "PROPN" if tag.startswith("NNP") else "NOUN" for tag in tags]
    return Sentence.of(Doc(NLP.vocab, words=words, tags=tags, pos=pos, heads=heads, deps=deps, lemmas=words))


def test_a_finite_verb_as_an_object_is_a_noun() -> None:
    doc = parsed(["Chad", "held", "drills"], ["NNP", "VBD", "VBZ"], [1, 1, 1], ["nsubj", "ROOT", "dobj"])
    mend_slips(doc)
    assert (doc[2].tag_, doc[2].pos_) == ("NNS", "NOUN")
    assert doc[1].pos_ == "VERB"


def test_a_plural_at_the_start_has_its_singular_for_lemma() -> None:
    doc = parsed(["Wildfires", "rage"], ["NNP", "VBP"], [1, 1], ["nsubj", "ROOT"])
    mend_slips(doc)
    assert doc[0].lemma_ == "wildfire"


def test_a_name_in_s_stays_as_it_is() -> None:
    doc = parsed(["Cyprus", "voted"], ["NNP", "VBD"], [1, 1], ["nsubj", "ROOT"])
    mend_slips(doc)
    assert doc[0].lemma_ == "Cyprus"


def test_a_body_in_capitals_is_no_pronoun() -> None:
    doc = parsed(["WHO", "urged", "calm"], ["NNP", "VBD", "NN"], [1, 1, 1], ["nsubj", "ROOT", "dobj"])
    mend_slips(doc)
    assert doc[0].lower_ != "who"
