"""The reader: articles in, annotations out, in the same order. It knows spaCy, and neither Kafka nor Faust."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from topics.annotations import Annotation, Event, Fingerprint, Timing
from topics.articles import Article, event_time
from workers.annotate.actors import Cast, Position
from workers.annotate.copies import Copies, annotation_of
from workers.annotate.entities import Reading, entities_of, find_mentions
from workers.annotate.events import read_events
from workers.annotate.fingerprint import fingerprint_of
from workers.annotate.gazetteer import Gazetteer, build_gazetteer
from workers.annotate.headlines import learn_case
from workers.annotate.hyphens import hyphened, unhyphened, with_words_of
from workers.annotate.language import detect_language
from workers.annotate.lemmas import nouns_of, possible_lemmas
from workers.annotate.matchers import PatternTriggers
from workers.annotate.ontology import Ontology
from workers.annotate.ontology_file import load_ontology
from workers.annotate.originals import Originals
from workers.annotate.pipeline import Pipeline, respelt, sentence_docs
from workers.annotate.places import learn_countries
from workers.annotate.presence import Presence
from workers.annotate.sentences import is_heading, is_lead, position_of, sentence_spans
from workers.annotate.sieve import Sieve
from workers.annotate.slips import mend_slips
from workers.annotate.text import Part, prepare_text, prepare_title
from workers.annotate.trace import Trace
from workers.annotate.triggers import Entry, TriggerIndex
from workers.annotate.words import Sentence
from workers.errors import InputError
from workers.garbage import all_kept

if TYPE_CHECKING:
    from spacy.tokens import Doc

MAX_CHARACTERS = 100_000
"""So much of a text is read: three times the longest report. The annotation says if there was more."""

MAX_TITLE = 2_000
"""So many characters of a title are read."""

MAX_PARSED = 400
"""So many sentences of an article are parsed, the first ones."""

READ_SECONDS = 20.0
"""CPU seconds that one article may take beyond its share of the models' work, which its length bounds."""


_Held = Mapping[str, Sequence[Entry]]


@dataclass(frozen=True, slots=True)
class Unread:
    """An article that cannot be read in time; it must not hold up the others."""

    article_id: str
    reason: str
    error: str = "too-slow"


class TooSlowError(InputError):
    """An article took longer than `TOCSIN_READ_SECONDS`."""


@dataclass(slots=True)
class _Work:
    """An article on its way through a batch."""

    article: Article
    lang: str | None
    originals: Originals = field(default_factory=lambda: Originals({}))
    parts: list[Part] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    title_is_lead: bool = False
    trace: Trace | None = None
    truncated: bool = False
    seconds: float = 0.0
    presence: Presence = field(init=False)

    def __post_init__(self) -> None:
        self.presence = Presence(self.readings, self.day)

    @property
    def day(self) -> date:
        """The day from which its dates are counted."""
        return event_time(self.article.published_at, self.article.fetched_at)[0].date()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A sentence that is parsed: a document of its own, where it stands, and what the sieve says that it may hold."""

    work: _Work
    position: Position
    sentence: Doc
    held: _Held | None

    @property
    def is_headline(self) -> bool:
        return self.position.part == "title"


class Reader:
    """Reads batches of articles. Not thread-safe; one for each process.

    `seconds` bounds the CPU time of one article; `copies` are the texts that are not read twice.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        ontology: Ontology,
        index: TriggerIndex,
        gazetteer: Gazetteer,
        *,
        seconds: float = READ_SECONDS,
        copies: Copies | None = None,
    ) -> None:
        self.seconds = seconds
        self.copies = copies if copies is not None else Copies()
        self.pipeline = pipeline
        self.ontology = ontology
        self.index = index
        self.gazetteer = gazetteer
        lemmas = possible_lemmas(pipeline.nlp)
        self.sieve = Sieve.build(index, lemmas) if lemmas is not None else None

    @classmethod
    def load(
        cls,
        *,
        model: str,
        ontology: Path | Sequence[Path] | None = None,
        batch_size: int = 32,
        seconds: float = READ_SECONDS,
    ) -> Reader:
        """Load model and ontology once. Raises ConfigurationError for a missing model or a bad ontology file."""
        with all_kept():
            types = load_ontology(ontology)
            pipeline = Pipeline.load(model, batch_size=batch_size)
            gazetteer = build_gazetteer(pipeline.tokenise, nouns_of(pipeline.nlp))
            learn_case(gazetteer.names)
            index = TriggerIndex.build(types, pipeline.tokenise, pipeline.irregular_forms())
            index.patterns = PatternTriggers.build(types, pipeline.nlp.vocab)
            return cls(pipeline, types, index, gazetteer, seconds=seconds)

    @property
    def repeated_sentences(self) -> int:
        """So many sentences were not parsed so far, because the same had been."""
        return self.pipeline.kept.hits

    def read(self, articles: Sequence[Article], traces: Sequence[Trace] | None = None) -> list[Annotation]:
        """One annotation for each article, in order. `traces`, one for each article, are told how it was read.

        Raises TooSlowError for an article that takes longer than `seconds`.
        """
        found = self.read_each(articles, traces)
        for one in found:
            if isinstance(one, Unread):
                raise TooSlowError(f"The article {one.article_id} cannot be read: {one.reason}.")
        return [one for one in found if not isinstance(one, Unread)]

    def read_each(
        self, articles: Sequence[Article], traces: Sequence[Trace] | None = None
    ) -> list[Annotation | Unread]:
        """As `read`, but what takes too long is told in its place. A copy of a text read before is not read again."""
        if traces is not None:
            return self._read_all(articles, traces)
        keys = [self.copies.key(article) for article in articles]
        found = [self.copies.find(key, article) for key, article in zip(keys, articles, strict=True)]
        firsts = {key: i for i, key in reversed(list(enumerate(keys))) if found[i] is None}
        new = sorted(firsts.values())
        read = dict(zip(new, self._read_all([articles[i] for i in new], [None] * len(new)), strict=True))
        made: list[Annotation | Unread] = []
        for i, (key, article) in enumerate(zip(keys, articles, strict=True)):
            known = found[i] or read[firsts[key]]
            if isinstance(known, Annotation):
                if firsts.get(key) == i:
                    self.copies.keep(key, known)
                elif found[i] is None:  # the same text again within the batch
                    known = annotation_of(article, known)
                    self.copies.hits += 1
            elif firsts[key] != i:
                known = replace(known, article_id=article.id)
            made.append(known)
        return made

    def _read_all(self, articles: Sequence[Article], traces: Sequence[Trace | None]) -> list[Annotation | Unread]:
        size = self.pipeline.batch_size
        found: list[Annotation | Unread] = []
        for start in range(0, len(articles), size):
            found.extend(self._read_batch(articles[start : start + size], traces[start : start + size]))
        return found

    def _read_batch(self, articles: Sequence[Article], traces: Sequence[Trace | None]) -> list[Annotation | Unread]:
        started = time.perf_counter()
        with self.pipeline.zone():
            works = [self._prepare(article, trace) for article, trace in zip(articles, traces, strict=True)]
            self._name(works)
            for work in works:
                find_mentions(work.readings, self.gazetteer, work.day)
                learn_countries(work.readings)
            self._parse(works)
            made = [self._annotated(work) for work in works]
            for sentence in (sentence for work in works for sentence in work.sentences):
                sentence.forget()
        share = (time.perf_counter() - started) * 1000 / max(1, len(articles))
        timing = Timing(read_ms=round(share, 3))
        return [one if isinstance(one, Unread) else one.model_copy(update={"timing": timing}) for one in made]

    def _prepare(self, article: Article, trace: Trace | None) -> _Work:
        started = time.thread_time()
        work = _Work(article, article.lang or detect_language(f"{article.title}\n{article.text}"), trace=trace)
        if not self.pipeline.reads(work.lang):
            if trace is not None:
                trace.unread(f"its language is {work.lang or 'not known'}; the model reads {self.pipeline.lang}")
            return work
        title, text = article.title[:MAX_TITLE], article.text[:MAX_CHARACTERS]
        work.truncated = article.truncated or len(text) < len(article.text) or len(title) < len(article.title)
        title, text, work.originals = Originals.mending(title, text)
        work.parts = [prepare_title(title, text), prepare_text(text)]
        work.title_is_lead = is_lead(article.title, article.text)
        if trace is not None:
            trace.reads(title, text)
            if not self.pipeline.can_parse:
                trace.unread("the model has no parser, and events are read from the parse")
            for part in work.parts:
                for blank in part.blanks:
                    trace.left_out(part.name, blank.start, blank.end, blank.why)
        work.seconds = time.thread_time() - started
        return work

    def _name(self, works: Sequence[_Work]) -> None:
        parts = [(work, part) for work in works for part in work.parts]
        docs = self.pipeline.names([part.working for _, part in parts])
        for (work, part), doc in zip(parts, docs, strict=True):
            work.readings.append(Reading(part.name, doc, part.raw))

    def _parse(self, works: Sequence[_Work]) -> None:
        if not self.pipeline.can_parse:
            return
        wanted: list[_Wanted] = []
        for work in works:
            already = len(wanted)
            for part, reading in zip(work.parts, work.readings, strict=True):
                chosen = list(self._wanted(work, part, reading))
                sentences = sentence_docs(
                    self.pipeline.nlp, reading.doc, [span for span, _ in chosen], headline=part.name == "title"
                )
                for (span, held), sentence in zip(chosen, sentences, strict=True):
                    wanted.append(_Wanted(work, position_of(part, reading.doc, span), sentence, held))
            if len(wanted) - already > MAX_PARSED:
                work.truncated = True
                del wanted[already + MAX_PARSED :]
        parsed = self._parsed([one.sentence for one in wanted], [one.is_headline for one in wanted])
        self._parse_again(wanted, parsed)
        for one, made in zip(wanted, parsed, strict=True):
            made.position, made.held = one.position, one.held
            mend_slips(made)
            one.work.sentences.append(made)

    def _parsed(self, sentences: Sequence[Doc], headlines: Sequence[bool]) -> list[Sentence]:
        verbs, pasts = self.index.hyphened, self.index.pasts
        places = {i: found for i, sentence in enumerate(sentences) if (found := hyphened(sentence, verbs))}
        parsed = self.pipeline.sentences(
            unhyphened(sentence, places[i], pasts if headlines[i] else {}) if i in places else sentence
            for i, sentence in enumerate(sentences)
        )
        for i, found in places.items():
            shown, parsed[i] = parsed[i], Sentence.of(with_words_of(sentences[i], parsed[i].whole(), found))
            shown.forget()
        return parsed

    def _parse_again(self, wanted: Sequence[_Wanted], parsed: list[Sentence]) -> None:
        """Headlines in which the tagger found no verb are read once more with their likely verb in the past."""
        places: list[int] = []
        docs: list[Doc] = []
        for place, one in enumerate(wanted):
            if one.is_headline and _lacks_verb(parsed[place], self.index):
                words = self.index.in_past_tense([token.text for token in parsed[place]])
                if words is not None:
                    places.append(place)
                    docs.append(respelt(parsed[place].parsed, words))
        for place, sentence in zip(places, self.pipeline.sentences(docs), strict=True):
            parsed[place].forget()
            parsed[place] = sentence

    def _wanted(self, work: _Work, part: Part, reading: Reading) -> Iterator[tuple[tuple[int, int], _Held | None]]:
        """The sentences that are parsed, each with the triggers that it may hold; None if that is not known."""
        for span in sentence_spans(part, reading.doc):
            held = self._held(work, part, reading, span)
            if not isinstance(held, str):
                yield span, held
            elif work.trace is not None:
                position = position_of(part, reading.doc, span)
                work.trace.left_out(part.name, position.start, position.end, held)

    def _held(self, work: _Work, part: Part, reading: Reading, span: tuple[int, int]) -> _Held | str | None:
        """The triggers that a sentence may hold; None if any; why it is not parsed if none."""
        doc = reading.doc
        if part.name == "title" and work.title_is_lead:
            return "the text begins with these words"  # the event is read there, once
        if is_heading(part, doc, span):
            return "heading"
        if self.sieve is None or work.trace is not None:
            # Whoever wants to be told why a trigger failed gets the sentences in which it stands, too.
            return None if self.index.may_hold(t.lower_ for t in doc[span[0] : span[1]]) else "no trigger word"
        keys = reading.keys[span[0] : span[1]]
        held = self.sieve.held(
            keys,
            doc.vocab.strings.__getitem__,
            lambda: work.presence.classes(reading, span, keys),
            lambda: work.presence.story,
            title=part.name == "title",
        )
        return held or "no trigger"

    def _annotated(self, work: _Work) -> Annotation | Unread:
        try:
            return self._annotate(work)
        except _OutOfTimeError:
            return Unread(
                work.article.id,
                f"reading it took more than {self.seconds:g} s of CPU ({len(work.article.text)} characters)",
            )

    def _in_time(self, work: _Work) -> Iterator[Sentence]:
        """The sentences of an article as long as there is time for it."""
        started, clock = time.thread_time(), time.perf_counter()
        for sentence in work.sentences:
            # Asking for the CPU's time takes long; no more of it can have passed than of the clock's.
            on_clock = work.seconds + time.perf_counter() - clock
            if on_clock > self.seconds and work.seconds + time.thread_time() - started > self.seconds:
                raise _OutOfTimeError
            yield sentence

    def _annotate(self, work: _Work) -> Annotation:
        article = work.article
        moment, source = event_time(article.published_at, article.fetched_at)
        events: list[Event] = []
        if work.sentences:
            cast = Cast(work.readings, work.presence.people(), capitals=self.gazetteer.capitals)
            events = read_events(self._in_time(work), cast, self.index, self.ontology, moment.date(), trace=work.trace)
        entities = entities_of(work.readings, events)
        if work.originals:
            entities, events = work.originals.entities(entities), work.originals.events(events)
        return Annotation(
            article_id=article.id,
            revision=article.revision,
            published_at=article.published_at,
            fetched_at=article.fetched_at,
            event_time=moment,
            event_time_source=source,
            source=article.source,
            feed=article.feed,
            title=article.title,
            url=article.url,
            lang=work.lang,
            tags=article.tags,
            backfill=article.backfill,
            entities=entities,
            events=tuple(events),
            fingerprint=fingerprint_of(article.title, article.text, entities)
            if article.text or article.title
            else Fingerprint(minhash=""),
            model=self.pipeline.label,
            ontology=self.ontology.version,
            truncated=work.truncated,
        )


class _OutOfTimeError(Exception):
    """The article at hand takes too long."""


def _lacks_verb(headline: Sentence, index: TriggerIndex) -> bool:
    """Has the main clause of a headline, up to "as", "after" and the like, no verb?"""
    for token in headline:
        if token.tag_ == "VBZ" and token.dep_ in {"nmod", "compound", "amod"} and token.text in index.pasts:
            return True  # "North Korea fires ballistic missile, Japan says": the verb hangs on its object
        if token.pos_ in {"VERB", "AUX"}:
            # In "Korea fires missile" the tagger may take the missile for the verb.
            misread = token.i >= 2 and token.tag_ in {"VBP", "VB"} and not index.is_verb(token.lower_)
            if not (misread and headline[token.i - 1].text in index.pasts and headline[token.i - 2].pos_ == "PROPN"):
                return False
        if token.i and token.lower_ in {"as", "after", "while", "when", "amid", "before", "despite", "ahead"}:
            return True
    return True
