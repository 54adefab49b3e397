"""The reader as a component of anybody's spaCy pipeline: `nlp.add_pipe("tocsin_events")`."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from topics.annotations import Annotation, Event
from workers.annotate import component
from workers.annotate.pipeline import installed_name
from workers.errors import ConfigurationError, InputError

MODEL = installed_name("en_core_web_sm")
WEDNESDAY = date(2024, 5, 15)
OWN = """\
types:
  port_closure:
    triggers:
      - {verbs: [close, shut], object: [port, $harbours]}
lists: {harbours: [harbour]}
"""


def make(**config: object) -> Language:
    nlp = spacy.load(MODEL)
    nlp.add_pipe("tocsin_events", config=config)
    return nlp


@pytest.fixture(scope="module")
def nlp() -> Language:
    return make()


def read(nlp: Language, text: str, published: object = WEDNESDAY) -> Doc:
    doc = nlp.make_doc(text)
    doc._.published = published
    return nlp(doc)


def test_events_entities_and_spans_of_a_document(nlp: Language) -> None:
    doc = read(nlp, "North Korea fired two ballistic missiles on Monday. Rain fell on Oslo.")
    (event,) = doc._.events
    assert (event.type, event.status, event.when) == ("missile_launch", "actual", "2024-05-13")
    assert [actor.id for actor in event.actor] == ["KP"]
    assert doc.text[event.trigger.start : event.trigger.end] == event.trigger.text == "fired"
    assert [(span.text, span.label_) for span in doc.spans["events"]] == [("fired", "missile_launch")]
    assert {entity.id for entity in doc._.tocsin_entities} >= {"KP"}


def test_a_day_that_is_none_is_told(nlp: Language) -> None:
    with pytest.raises(ValueError, match=r"`doc._.published` is '2024-05-15', a str; it must be a date or a datetime"):
        read(nlp, "Iran fired a missile on Monday.", published="2024-05-15")


def test_the_date_of_publication_decides_what_is_past(nlp: Language) -> None:
    text = "North Korea fired two ballistic missiles on 13 May 2024."
    assert [e.status for e in read(nlp, text)._.events] == ["actual"]
    late = datetime(2025, 1, 1, tzinfo=UTC)
    assert [e.status for e in read(nlp, text, late)._.events] == ["historical"]


def test_a_stream_an_empty_text_and_a_saved_document(nlp: Language) -> None:
    docs = list(nlp.pipe(["Iran fired a missile.", "", "Rain fell."], batch_size=2))
    assert [len(doc._.events) for doc in docs] == [1, 0, 0]
    saved = DocBin(store_user_data=True, docs=docs).to_bytes()
    (first, *_) = DocBin().from_bytes(saved).get_docs(nlp.vocab)
    assert [event.type for event in first._.events] == ["missile_launch"]


TEXTS = [
    "North Korea fired two ballistic missiles toward the sea on Wednesday, South Korea's military said.",
    "The presidents of Kenya and Rwanda met in Nairobi on Tuesday and signed a trade agreement.",
    "The United States imposed sanctions on Belarus on Monday. Minsk denied that it had sold any weapons.",
    "France may send tanks to Poland next month, officials said. It has not deployed any troops.",
    "Police arrested twelve people after thousands of students marched through Lima on Tuesday.",
    "An earthquake struck northern Chile on Sunday, killing four people and destroying a school.",
    "Sweden's foreign minister will travel to Ankara in June for talks with her Turkish counterpart.",
    "Rebels shelled the village on Monday, and the army said it would answer with force.",
    "OSLO, May 15 (Reuters) - Norway expelled two Russian diplomats on Tuesday.\n\nRead also: Iran fired a missile",
    "In 1991 the two leaders met for the first time. Last year India fired eleven missiles.",
]


def said(events: list[Event] | tuple[Event, ...]) -> set[tuple[object, ...]]:
    return {
        (e.type, e.status, e.trigger.start, tuple(p.id for p in e.actor), tuple(p.id for p in e.target)) for e in events
    }


def test_it_reads_what_the_worker_reads(nlp: Language, read: Callable[..., Annotation]) -> None:
    agreed = differing = 0
    for text in TEXTS:
        annotation, doc = read(text), _read(nlp, text)
        ours, theirs = said(doc._.events), said(annotation.events)
        agreed += len(ours & theirs)
        differing += len(ours ^ theirs)
        assert {e.id for e in doc._.tocsin_entities} == {e.id for e in annotation.entities}
    assert agreed >= 12
    assert differing <= 0.05 * agreed


_read = read


# --- configuration and saving --------------------------------------------------------------------------------------


def test_an_ontology_of_ones_own_survives_saving_without_its_file(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(OWN, "utf-8")
    made = make(ontology=str(own))
    text = "Norway shut the harbour on Monday."
    assert [e.type for e in made(text)._.events] == ["port_closure"]
    made.to_disk(tmp_path / "saved")
    data = made.to_bytes()
    own.unlink()
    assert [e.type for e in spacy.load(tmp_path / "saved")(text)._.events] == ["port_closure"]
    again = spacy.load(MODEL)
    again.add_pipe("tocsin_events", config={"ontology": str(own)})
    with pytest.raises(InputError, match="no such file"):
        again(text)
    assert [e.type for e in again.from_bytes(data)(text)._.events] == ["port_closure"]


def test_a_broken_ontology_is_told_when_the_component_is_added(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("tipes: {}\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"own\.yaml:1:1: tipes"):
        make(ontology=str(tmp_path))


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("parser", "needs a dependency parse, and this document has none: put it behind a `parser`"),
        ("ner", "needs named entities"),
        ("lemmatizer", "needs lemmas"),
    ],
)
def test_what_the_pipeline_lacks_is_said(without: str, words: str) -> None:
    made = spacy.load(MODEL, exclude=[without])
    made.add_pipe("tocsin_events")
    with pytest.raises(ValueError, match=words):
        made("Iran fired a missile.")


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="reads English; this pipeline is for 'de'"):
        spacy.blank("de").add_pipe("tocsin_events")


def test_it_is_found_by_its_entry_point_and_loads_about_as_fast_as_a_model() -> None:
    """In CPU time beside the model's own loading, three or four times that: seconds would measure the machine."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    points = project["project"]["entry-points"]["spacy_factories"]
    assert points == {component.FACTORY: f"{component.__name__}:make_events"}
    started = time.process_time()
    made = spacy.load(MODEL)
    loaded = time.process_time()
    made.add_pipe("tocsin_events")
    assert time.process_time() - loaded < 10 * (loaded - started)
