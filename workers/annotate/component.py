"""The reader's rules as a component for anybody's spaCy pipeline: `nlp.add_pipe("tocsin_events")`.

It reads the document's own tags, parse and names; only sentences with a hyphenated verb are parsed again. The worker's
`Reader` applies the same rules to sentences that it chooses and parses by itself.
"""
# No `from __future__ import annotations`: spaCy reads the factory's signature and wants its types, not their names.

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from topics.annotations import Entity, Event
from workers.annotate.actors import Cast
from workers.annotate.entities import Reading, entities_of, find_mentions
from workers.annotate.events import read_events
from workers.annotate.gazetteer import build_gazetteer
from workers.annotate.headlines import learn_case
from workers.annotate.hyphens import hyphened, unhyphened, with_words_of
from workers.annotate.lemmas import nouns_of
from workers.annotate.matchers import PatternTriggers
from workers.annotate.ontology_file import load_ontology, ontology_files
from workers.annotate.people import know_people
from workers.annotate.pipeline import PARSE_PIPES
from workers.annotate.sentences import is_heading, position_of, sentence_spans
from workers.annotate.text import Part, prepare_text
from workers.annotate.triggers import TriggerIndex
from workers.annotate.words import Sentence
from workers.errors import InputError

FACTORY = "tocsin_events"
_EVENTS, _ENTITIES = "tocsin_events", "tocsin_entities"
_NEEDS = (("TAG", "tags", "tagger"), ("DEP", "a dependency parse", "parser"), ("LEMMA", "lemmas", "lemmatizer"),
          ("ENT_IOB", "named entities", "ner"))  # fmt: skip


def _events(doc: Doc) -> list[Event]:
    return [Event.model_validate(record) for record in doc.user_data.get(_EVENTS, ())]


def _entities(doc: Doc) -> list[Entity]:
    return [Entity.model_validate(record) for record in doc.user_data.get(_ENTITIES, ())]


def add_extensions() -> None:
    """Declare `doc._.events`, `doc._.tocsin_entities` and `doc._.published`, unless somebody has."""
    extensions: dict[str, dict[str, Any]] = {
        "events": {"getter": _events},
        "tocsin_entities": {"getter": _entities},
        "published": {"default": None},
    }
    for name, options in extensions.items():
        if not Doc.has_extension(name):
            Doc.set_extension(name, **options)


@Language.factory(
    FACTORY,
    default_config={"ontology": None},
    assigns=["doc._.events", "doc._.tocsin_entities"],
    requires=["token.tag", "token.dep", "token.lemma", "doc.ents"],
)
def make_events(nlp: Language, name: str, ontology: str | list[str] | None) -> "EventReader":
    """The component. `ontology`: a file or folder that adds event types, or several.

    Raises ValueError for a pipeline of another language than English, ConfigurationError for a broken ontology.
    """
    if nlp.lang != "en":
        raise ValueError(f"`{name}` reads English; this pipeline is for {nlp.lang!r}.")
    paths = [ontology] if isinstance(ontology, str) else list(ontology or ())
    return EventReader(nlp, name, [Path(path) for path in paths])


class EventReader:
    """Reads each document's events and entities into `doc._.events`, `doc._.tocsin_entities`, `doc.spans["events"]`.

    `doc._.published`, a date, is what "on Wednesday" and "last month" are counted from; without one it is today.
    """

    def __init__(self, nlp: Language, name: str = FACTORY, ontology: Sequence[Path] = ()) -> None:
        self.name = name
        self._nlp = nlp
        self._missing: InputError | None = None
        add_extensions()
        self.gazetteer = build_gazetteer(self._tokenise, nouns_of(nlp))
        learn_case(self.gazetteer.names)
        try:
            files = ontology_files(ontology)
        except InputError as error:
            # A saved pipeline brings its own copy, which `from_disk` reads after this.
            self._missing, files = error, []
        self._load(files)

    def _load(self, files: Sequence[Path]) -> None:
        self._files = [(file.name, file.read_text("utf-8")) for file in files]
        self.ontology = load_ontology(files)
        self.index = TriggerIndex.build(self.ontology, self._tokenise, {})
        self.index.patterns = PatternTriggers.build(self.ontology, self._nlp.vocab)

    def _tokenise(self, text: str) -> list[str]:
        return [token.text for token in self._nlp.make_doc(text)]

    def __call__(self, doc: Doc) -> Doc:
        """Annotate `doc`. Raises ValueError if it lacks tags, parse, lemmas or names, or has a day that is none."""
        if self._missing is not None:
            raise self._missing
        events, entities = self._read(doc) if len(doc) else ([], ())
        doc.user_data[_EVENTS] = [event.model_dump(mode="json") for event in events]
        doc.user_data[_ENTITIES] = [entity.model_dump(mode="json") for entity in entities]
        doc.spans["events"] = [span for event in events if (span := _span(doc, event)) is not None]
        return doc

    def _read(self, doc: Doc) -> tuple[list[Event], tuple[Entity, ...]]:
        self._require(doc)
        part = prepare_text(doc.text)
        reading = Reading(part.name, doc, part.raw)
        published = _day(doc._.published)
        find_mentions([reading], self.gazetteer, published)
        _leave_out_blanks(reading, part)
        sentences = list(self._sentences(part, doc))
        events: list[Event] = []
        if sentences:
            cast = Cast([reading], know_people([reading]))
            events = read_events(sentences, cast, self.index, self.ontology, published)
            for sentence in sentences:
                sentence.forget()
        return events, entities_of([reading], events)

    def _require(self, doc: Doc) -> None:
        for attribute, what, pipe in _NEEDS:
            if not doc.has_annotation(attribute):
                raise ValueError(
                    f"`{self.name}` needs {what}, and this document has none: put it behind a `{pipe}`. "
                    f"The pipeline is: {', '.join(self._nlp.pipe_names)}."
                )

    def _sentences(self, part: Part, doc: Doc) -> Iterable[Sentence]:
        for span in sentence_spans(part, doc):
            start = doc[span[0]].idx
            if is_heading(part, doc, span) or any(blank.start <= start < blank.end for blank in part.blanks):
                continue
            yield Sentence.of(self._with_hyphens(doc[span[0] : span[1]].as_doc()), position_of(part, doc, span))

    def _with_hyphens(self, sentence: Doc) -> Doc:
        """A sentence with a hyphenated verb of the ontology ("test-fired") is parsed again, as the worker does it."""
        places = hyphened(sentence, self.index.hyphened)
        if not places:
            return sentence
        parsed = unhyphened(sentence, places, {})
        for name, pipe in self._nlp.pipeline:
            if name in PARSE_PIPES:
                parsed = pipe(parsed)
        return with_words_of(sentence, parsed, places)

    # --- saving ----------------------------------------------------------------------------------------------

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the user's ontology files, so that the saved pipeline does not depend on where they lay."""
        folder = Path(path)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "ontology.json").write_text(json.dumps(self._files, ensure_ascii=False), "utf-8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "EventReader":
        """Read what `to_disk` wrote."""
        self._files_back(json.loads((Path(path) / "ontology.json").read_text("utf-8")))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """As `to_disk`, in bytes."""
        return json.dumps(self._files, ensure_ascii=False).encode()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "EventReader":
        """Read what `to_bytes` made."""
        self._files_back(json.loads(data))
        return self

    def _files_back(self, files: Sequence[tuple[str, str]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / str(number) / name for number, (name, _) in enumerate(files)]
            for path, (_, text) in zip(paths, files, strict=True):
                path.parent.mkdir()
                path.write_text(text, "utf-8")
            self._load(paths)
        self._missing = None


def _day(published: Any) -> date:
    if published is None:
        return datetime.now(UTC).date()
    if isinstance(published, datetime):
        return (published.astimezone(UTC) if published.tzinfo else published).date()
    if isinstance(published, date):
        return published
    raise ValueError(
        f"`doc._.published` is {published!r}, a {type(published).__name__}; it must be a date or a datetime, "
        "such as date.fromisoformat('2026-03-01'), or None for today."
    )


def _leave_out_blanks(reading: Reading, part: Part) -> None:
    """Names in boilerplate and bylines are nobody's part in the story."""
    for blank in part.blanks:
        gone = [m for m in reading.mentions if blank.start <= m.start < blank.end]
        for mention in gone:
            reading.mentions.remove(mention)
            for token in range(mention.start_token, mention.end_token):
                if reading.at.get(token) is mention:
                    del reading.at[token]


def _span(doc: Doc, event: Event) -> Span | None:
    return doc.char_span(event.trigger.start, event.trigger.end, label=event.type, alignment_mode="expand")
